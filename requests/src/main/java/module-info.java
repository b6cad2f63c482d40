/** JSON in, arrays out: composites and whole requests as data, npy and npz files. */
module org.zennit4j.requests {
  requires transitive org.bytedeco.pytorch;
  requires transitive org.zennit4j.bindings;

  exports org.zennit4j.requests;
}
