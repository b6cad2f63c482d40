/** Whole datasets: labelled samples in, relevance in HDF5 out, and what there is to see in it. */
module org.zennit4j.datasets {
  requires transitive org.zennit4j.images;
  requires transitive org.zennit4j.requests;
  requires org.bytedeco.hdf5;

  exports org.zennit4j.datasets;
}
