/** LibTorch through JavaCPP: load, run, hook, differentiate. */
module org.zennit4j.bindings {
  requires transitive org.bytedeco.pytorch;

  exports org.zennit4j.bindings;
}
