/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real browser without a window: Chromium, where it is installed. */
public final class Browser {
  private final String program;
  private final Path folder;

  private Browser(String program, Path folder) {
    this.program = program;
    this.folder = folder;
  }

  /**
   * Finds a browser.
   *
   * @param folder for its files
   * @return the browser, or nothing where none is installed
   */
  public static Optional<Browser> find(Path folder) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.of("chromium", "chromium-browser", "google-chrome")
        .flatMap(name -> Stream.of(path.split(":", -1)).map(place -> Path.of(place, name)))
        .filter(Files::isExecutable)
        .findFirst()
        .map(file -> new Browser(file.toString(), folder));
  }

  /**
   * Opens a page, runs a script in it, and returns what the script returns. Errors of the page, of
   * its console and of its content security policy are added as lines that begin with "error:".
   *
   * @param page HTML
   * @param script the body of a function
   * @return its text
   * @throws IOException if the browser cannot be started or does not answer
   * @throws InterruptedException if the thread is interrupted
   */
  public String run(Path page, String script) throws IOException, InterruptedException {
    String watch =
        "<script>window.seen = [];"
            + "addEventListener('error', e => seen.push('error: ' + (e.message || e.target.src)), true);"
            + "addEventListener('securitypolicyviolation', e => seen.push('error: ' + e.violatedDirective));"
            + "console.error = (...a) => seen.push('error: ' + a.join(' '));</script>";
    String probe =
        "<script>addEventListener('load', () => { let text; try { text = (() => {"
            + script
            + "})(); } catch (e) { text = 'error: ' + e; }"
            + "const out = document.createElement('pre'); out.id = 'probe';"
            + "out.textContent = [text, ...seen].join('\\n'); document.body.append(out); });</script>";
    String html = Files.readString(page);
    Path copy = Files.createTempFile(folder, "page", ".html");
    Files.writeString(
        copy, html.replaceFirst("<head>", "<head>" + watch).replace("</body>", probe + "</body>"));
    Path out = Files.createTempFile(folder, "dom", ".html");
    Process process =
        new ProcessBuilder(
                List.of(
                    program,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--user-data-dir=" + Files.createTempDirectory(folder, "profile"),
                    "--virtual-time-budget=5000",
                    "--dump-dom",
                    copy.toUri().toString()))
            .redirectOutput(out.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!process.waitFor(90, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new IOException("the browser does not answer");
    }
    String dom = Files.readString(out, StandardCharsets.UTF_8);
    int from = dom.indexOf("<pre id=\"probe\">");
    if (from < 0) {
      throw new IOException("the page did not load: " + dom.lines().limit(5).toList());
    }
    String text = dom.substring(from + 16, dom.indexOf("</pre>", from));
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
  }
}
