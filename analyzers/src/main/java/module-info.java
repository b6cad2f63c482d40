/** The analyzers and method names of SignXAI. */
module org.zennit4j.analyzers {
  requires transitive org.zennit4j.attribution;

  exports org.zennit4j.analyzers;
}
