/** JSON in, arrays out: composites and whole requests as data, npy and npz files. */
module org.zennit4j.requests {
  requires transitive com.fasterxml.jackson.databind;
  requires transitive org.bytedeco.pytorch;
  requires transitive org.zennit4j.analyzers;
  requires transitive org.zennit4j.metrics;

  exports org.zennit4j.requests;
}
