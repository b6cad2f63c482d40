/** Images in, heatmaps out: reading, preprocessing, colour maps, pictures of relevance. */
module org.zennit4j.images {
  requires transitive org.bytedeco.pytorch;
  requires org.bytedeco.opencv;
  requires java.desktop;

  exports org.zennit4j.images;
}
