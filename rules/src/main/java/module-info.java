/** How relevance flows back through one layer. */
module org.zennit4j.rules {
  requires transitive org.zennit4j.bindings;

  exports org.zennit4j.registry;
  exports org.zennit4j.rules;

  uses org.zennit4j.rules.RuleProvider;
}
