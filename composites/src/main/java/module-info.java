/** Which layer gets which rule; canonizers; plans. */
module org.zennit4j.composites {
  requires transitive org.zennit4j.rules;

  exports org.zennit4j.composites;

  uses org.zennit4j.composites.CanonizerProvider;
  uses org.zennit4j.composites.CompositeProvider;
}
