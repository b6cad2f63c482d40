/** Self-contained HTML pages: heatmaps, layers, findings, galleries. */
module org.zennit4j.pages {
  exports org.zennit4j.pages;
}
