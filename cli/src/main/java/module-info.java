/** The command line. */
module org.zennit4j.cli {
  requires org.zennit4j.analyzers;
  requires org.zennit4j.concepts;
  requires org.zennit4j.datasets;
  requires org.zennit4j.images;
  requires org.zennit4j.pages;
  requires org.zennit4j.requests;
  requires info.picocli;
  requires me.tongfei.progressbar;

  opens org.zennit4j.cli to
      info.picocli;
}
