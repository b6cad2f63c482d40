/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.zennit4j.datasets.DatasetException;
import org.zennit4j.datasets.DatasetResult;
import org.zennit4j.datasets.analysis.ClassStatistics;
import org.zennit4j.datasets.analysis.Spray;
import org.zennit4j.datasets.analysis.Statistics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Statistics and clusters of a dataset's heatmaps. */
@Command(
    name = "spray",
    description =
        "Clusters the heatmaps of each class (SpRAy: nearest neighbours, Laplacian, eigenvectors, "
            + "k-means, t-SNE), and sums them up. Writes analysis.h5, which ViRelAy shows, statistics.json and "
            + "the mean heatmap of each class into the folder of the result.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j spray out/",
      "  zennit4j spray out/ --neighbours 20 --clusters 2,3,5",
      "  zennit4j spray out/ --tsne"
    })
final class SprayCommand implements Callable<Integer> {
  static final double PERPLEXITY = 30;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "What 'zennit4j dataset' wrote, as HDF5.")
  private Path folder;

  @Option(
      names = "--neighbours",
      paramLabel = "N",
      description = "How many make the graph (default ${DEFAULT-VALUE}).")
  private int neighbours = Spray.usual().neighbours();

  @Option(
      names = "--eigenvectors",
      paramLabel = "N",
      description = "How many make the embedding (default ${DEFAULT-VALUE}).")
  private int eigenvectors = Spray.usual().eigenvectors();

  @Option(
      names = "--clusters",
      paramLabel = "K,K",
      split = ",",
      description = "For how many clusters k-means runs, one by one (default 2 to 8).")
  private List<Integer> clusters = Spray.usual().clusters();

  @Option(
      names = "--max-samples",
      paramLabel = "N",
      description =
          "The most of a class (default ${DEFAULT-VALUE}); of a larger one they are taken at equal "
              + "distances.")
  private int samples = Spray.usual().samples();

  @Option(
      names = "--tsne",
      description =
          "Draw the embedding in a plane by t-SNE too. The time it takes grows with the square of a "
              + "class's samples: some seconds for 1,000.")
  private boolean tsne;

  @Option(
      names = "--perplexity",
      paramLabel = "N",
      description =
          "Of t-SNE: roughly how many neighbours matter (default 30); at most a third of a class's "
              + "samples.")
  private Double perplexity;

  @Option(names = "--seed", paramLabel = "N", description = "Of k-means and t-SNE (default 0).")
  private long seed;

  @Override
  public Integer call() {
    if (perplexity != null && !tsne) {
      throw new UsageException("--perplexity is for --tsne");
    }
    Spray spray;
    try {
      spray = new Spray(neighbours, eigenvectors, clusters, samples, 0, seed);
      if (tsne) {
        spray = spray.withTsne(perplexity == null ? PERPLEXITY : perplexity);
      }
    } catch (DatasetException e) {
      throw new UsageException(e.getMessage());
    }
    PrintWriter out = spec.commandLine().getOut();
    analyse(folder, spray).forEach(out::println);
    return 0;
  }

  /** Analyses a result; returns what there is to say. */
  static List<String> analyse(Path folder, Spray spray) {
    try (DatasetResult result = DatasetResult.open(folder)) {
      Statistics statistics = Statistics.of(result);
      statistics.write(folder);
      try (Progress progress = Progress.of("classes", statistics.classes().size())) {
        spray.run(result, progress::to);
      }
      Table table = new Table().row("class", "samples", "correct", "relevance");
      for (ClassStatistics one : statistics.classes()) {
        table.row(
            one.name(),
            Integer.toString(one.samples()),
            Integer.toString(one.correct()),
            String.format(
                Locale.ROOT, "%.3f (%.3f)", one.relevance().mean(), one.relevance().deviation()));
      }
      return table.lines();
    }
  }
}
