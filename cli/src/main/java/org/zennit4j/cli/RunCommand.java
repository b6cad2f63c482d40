/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.zennit4j.requests.Provenance;
import org.zennit4j.requests.RequestException;
import org.zennit4j.requests.RequestFile;
import org.zennit4j.requests.RequestRunner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A file of requests in, a folder of arrays out. */
@Command(
    name = "run",
    description =
        "Runs a file of requests and writes what each gives into DIR/ID/, and DIR/summary.json. "
            + "It goes on after a case that failed, whose folder then holds error.txt.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  zennit4j run requests.json -o results/",
      "  zennit4j run requests.json -o results/ --case 'mlp/*' --form traced"
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:all cases are done", "1:a case failed", "2:the file or an option is wrong"})
final class RunCommand implements Callable<Integer> {
  private static final int SHOWN = 20;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "REQUESTS.json", description = "Models and cases.")
  private Path requests;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "DIR",
      description = "The folder for the results.")
  private Path output;

  @Option(
      names = "--case",
      paramLabel = "GLOB",
      description = "Only the cases whose id matches; * stands for any text; may be repeated.")
  private List<String> cases = List.of();

  @Option(
      names = "--form",
      paramLabel = "FORM",
      description =
          "scripted, traced or exported; by default the first of these that there is a file of.")
  private RequestRunner.Form form;

  @Option(
      names = "--sidecar",
      description =
          "Write sidecar.json into the folder of each case: how it was made, as a file of requests "
              + "that can be run again.")
  private boolean sidecar;

  @Mixin private RunOptions running;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (Files.exists(output) && !Files.isDirectory(output)) {
      throw new UsageException("cannot write into " + output + ": it is no folder");
    }
    RequestRunner.Summary summary;
    Progress[] progress = new Progress[1];
    int[] failed = new int[1];
    Map<String, List<String>> notes = new LinkedHashMap<>();
    try {
      RequestFile file = RequestFile.read(requests);
      running.start();
      summary =
          RequestRunner.of(file)
              .withForm(form)
              .withCases(cases)
              .withDevice(running.device())
              .withSidecars(sidecar ? Provenance.now(Version.own()) : null)
              .withListener(
                  new RequestRunner.Listener() {
                    @Override
                    public void onCase(String id, String result, int done, int total) {
                      if (progress[0] == null) {
                        progress[0] = Progress.of("cases", total);
                      }
                      progress[0].to(done);
                      if (!result.equals("ok") && failed[0]++ < SHOWN) {
                        err.println("zennit4j: " + id + ": " + result);
                      }
                    }

                    @Override
                    public void onNotes(String id, List<String> texts) {
                      texts.forEach(
                          text -> notes.computeIfAbsent(text, t -> new ArrayList<>()).add(id));
                    }
                  })
              .run(output);
    } catch (RequestException e) {
      throw new UsageException(e.getMessage());
    } finally {
      if (progress[0] != null) {
        progress[0].close();
      }
    }
    if (failed[0] > SHOWN) {
      err.println("zennit4j: and " + (failed[0] - SHOWN) + " more; see the summary");
    }
    notes.forEach((text, ids) -> err.println("zennit4j: note: " + among(ids) + ": " + text));
    int all = summary.results().size();
    out.println(
        (all - failed[0]) + " of " + all + " cases done: " + output.resolve("summary.json"));
    return summary.exitStatus();
  }

  private static String among(List<String> ids) {
    return ids.size() == 1 ? ids.get(0) : ids.get(0) + " and " + (ids.size() - 1) + " more";
  }
}
