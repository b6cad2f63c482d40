/** LibTorch through JavaCPP: load, run, hook, differentiate. */
@SuppressWarnings("module") // The modules that may see the internals are compiled after this one.
module org.zennit4j.bindings {
  requires com.fasterxml.jackson.databind;
  requires transitive org.bytedeco.pytorch;

  exports org.zennit4j.bindings;
  exports org.zennit4j.graph;
  exports org.zennit4j.runtime;
  exports org.zennit4j.model;
  exports org.zennit4j.bindings.internal to
      org.zennit4j.rules,
      org.zennit4j.composites,
      org.zennit4j.attribution,
      org.zennit4j.metrics,
      org.zennit4j.analyzers,
      org.zennit4j.requests,
      org.zennit4j.concepts,
      org.zennit4j.datasets,
      org.zennit4j.cli;
}
