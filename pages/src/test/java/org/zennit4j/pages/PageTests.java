/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.testing.Browser;

/** Pages, opened in a real browser. */
class PageTests {
  /** One grey pixel. */
  private static final Png PIXEL =
      Png.of(
          Base64.getDecoder()
              .decode(
                  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="));

  private static final String EVIL =
      "</script><img src=x onerror=\"console.error('ran')\">'&\u0000";

  @TempDir Path folder;
  private Optional<Browser> browser;

  @BeforeEach
  void find() {
    browser = Browser.find(folder);
  }

  private String run(Page page, String script) throws IOException, InterruptedException {
    assumeThat(browser).as("Chromium is installed").isPresent();
    Path file = folder.resolve("deep/page.html");
    page.write(file);
    return browser.get().run(file, script);
  }

  private static GallerySection.Sample sample(
      String id, String label, String prediction, double probability, int cluster) {
    return new GallerySection.Sample(
        id,
        label,
        prediction,
        probability,
        -probability,
        OptionalInt.of(cluster),
        Optional.of(PIXEL),
        Optional.of(PIXEL),
        Optional.empty());
  }

  private static Page gallery() {
    return Page.of("Clothes", "four of them")
        .with(
            new GallerySection(
                "All samples.",
                List.of(
                    sample("#0", "shirt", "shirt", 0.5, 0),
                    sample("#1", "bag", "shirt", 0.9, 1),
                    sample("#2", "bag", "bag", 0.25, 0),
                    sample("#3", "shirt", "coat", 0.75, 1))));
  }

  private static final String SHOWN =
      "const shown = () => [...document.querySelectorAll('#gallery > li')].filter(i => !i.hidden)"
          + ".map(i => i.dataset.order).join('');"
          + "const set = (id, value) => { const e = document.getElementById(id);"
          + "if (e.type === 'checkbox') e.checked = value; else e.value = value;"
          + "e.dispatchEvent(new Event('change', {bubbles: true})); };"
          + "const count = () => document.getElementById('count').textContent;";

  @Test
  void aGallerySortsAndFilters() throws Exception {
    String seen =
        run(
            gallery(),
            SHOWN
                + "const out = [shown()];"
                + "set('sort', 'probability'); out.push(shown());"
                + "set('descending', true); out.push(shown());"
                + "set('sort', 'relevance'); out.push(shown());"
                + "set('descending', false); set('sort', 'label'); out.push(shown());"
                + "set('class', 'bag'); out.push(shown(), count());"
                + "set('wrong', true); out.push(shown(), count());"
                + "set('class', ''); set('cluster', '1'); set('prediction', 'coat');"
                + "out.push(shown()); return out.join(' | ');");
    assertThat(seen)
        .isEqualTo(
            "0123 | 2031 | 1302 | 2031 | 1203 | 12 | 2 samples of 4 | 1 | 1 sample of 4 | 3");
  }

  private static EmbeddingsSection.Plot plot(String group, String embedding, int... clusters) {
    List<EmbeddingsSection.Point> points = new ArrayList<>();
    for (int i = 0; i < clusters.length; i++) {
      points.add(
          new EmbeddingsSection.Point(
              i, 10 * i, OptionalInt.of(clusters[i]), i == 1, group + " #" + i));
    }
    return new EmbeddingsSection.Plot(group, embedding, points);
  }

  @Test
  void onePlotOfAnEmbeddingIsSeen() throws Exception {
    EmbeddingsSection section =
        new EmbeddingsSection(
            List.of(
                plot("bag", "t-SNE", 0, 1, 0),
                plot("bag", "spectral", 0),
                plot("coat", "t-SNE", 9, 1),
                plot("coat", "spectral", 0)));
    String seen =
        run(
            Page.of("t", "u").with(section),
            "const seen = () => [...document.querySelectorAll('figure.points')].filter("
                + "f => f.getBoundingClientRect().height > 0).map(f => f.querySelector('svg')"
                + ".getAttribute('aria-label')).join('+');"
                + "const set = (id, value) => { const e = document.getElementById(id); e.value = value;"
                + "e.dispatchEvent(new Event('change', {bubbles: true})); };"
                + "const out = [seen()]; set('points-of', 'coat'); out.push(seen());"
                + "const at = i => { const c = document.querySelectorAll("
                + "'figure.points:not([hidden]) > svg circle')[i]; return [c.getAttribute('class'),"
                + "c.getAttribute('cx'), c.getAttribute('cy'), c.textContent].join(','); };"
                + "out.push(at(0), at(1));"
                + "set('embedding', 'spectral'); out.push(seen()); return out.join(' | ');");
    assertThat(seen)
        .isEqualTo(
            "t-SNE of bag, 3 points | t-SNE of coat, 2 points | k1,12.0,468.0,coat #0"
                + " | k1 wrong,468.0,12.0,coat #1 | spectral of coat, 1 point");
  }

  @Test
  void aTableSortsByNumbersAndTexts() throws Exception {
    Page page =
        Page.of("t", "u")
            .with(
                new TableSection(
                    "Numbers",
                    List.of("name", "value"),
                    List.of(List.of("b", "10"), List.of("a", "9.5"), List.of("c", "-1e+03"))));
    String seen =
        run(
            page,
            "const heads = [...document.querySelectorAll('th')];"
                + "const click = i => { heads[i].querySelector('button').click();"
                + "return [...document.querySelectorAll('tbody tr')].map(r => r.cells[0].textContent)"
                + ".join('') + heads[i].getAttribute('aria-sort'); };"
                + "return [click(0), click(1), click(1), heads[0].getAttribute('aria-sort')].join(' ');");
    assertThat(seen).isEqualTo("abcascending cabascending bacdescending ");
  }

  @Test
  void theOverlayFollowsTheSlider() throws Exception {
    HeatmapsSection section =
        new HeatmapsSection(
            "a cat",
            PIXEL,
            List.of(new HeatmapsSection.HeatmapImage("epsilon", PIXEL, PIXEL, -0.5, 0.5)));
    String seen =
        run(
            Page.of("t", "u").with(section),
            "const s = document.getElementById('overlay');"
                + "const o = () => getComputedStyle(document.querySelector('.over')).opacity;"
                + "const before = o(); s.value = 25; s.dispatchEvent(new Event('input'));"
                + "return before + ' ' + o() + ' ' + document.querySelector('output').value + ' '"
                + "+ document.querySelector('.scale').innerText.replace(/\\s+/g, ',');");
    assertThat(seen).isEqualTo("0.6 0.25 25 % -0.5000,0,0.5000");
  }

  @Test
  void textsCannotDoAnything() throws Exception {
    Page page =
        Page.of(EVIL, EVIL)
            .with(new ClassesSection(List.of(new ClassesSection.Row(EVIL, 0.5))))
            .with(new TableSection(EVIL, List.of(EVIL), List.of(List.of(EVIL))))
            .with(new ListSection(EVIL, List.of(EVIL)))
            .with(new TextSection(EVIL, EVIL))
            .with(new ConservationSection(List.of(new ConservationSection.Row(EVIL, 1, 0.5))))
            .with(new SignalSection(EVIL, Signal.of(new double[] {1, 2}, new double[] {0, 1})))
            .with(
                new HeatmapsSection(
                    EVIL,
                    PIXEL,
                    List.of(new HeatmapsSection.HeatmapImage(EVIL, PIXEL, PIXEL, -1, 1))))
            .with(new ClassMapsSection(List.of(new ClassMapsSection.ClassMap(EVIL, EVIL, PIXEL))))
            .with(new EmbeddingsSection(List.of(plot(EVIL, EVIL, 0, 1))))
            .with(new GallerySection(EVIL, List.of(sample(EVIL, EVIL, EVIL, 1, 0))));
    assertThat(page.html()).doesNotContain("<img src=x");
    String seen =
        run(
            page,
            "return document.title.length + ' ' + document.querySelectorAll('img[src=x]').length;");
    assertThat(seen).isEqualTo(EVIL.length() + " 0");
  }

  @Test
  void everythingCanBeReachedAndIsNamed() throws Exception {
    String seen =
        run(
            gallery()
                .with(new EmbeddingsSection(List.of(plot("bag", "t-SNE", 0, 1))))
                .with(new TextSection("Made", "{}")),
            "const all = [...document.querySelectorAll('select, input, button, summary')];"
                + "const unnamed = all.filter(e => e.tagName !== 'SUMMARY' && e.tagName !== 'BUTTON'"
                + "&& !(e.labels && e.labels.length));"
                + "const unfocused = all.filter(e => { e.focus(); return document.activeElement !== e; });"
                + "const bare = [...document.querySelectorAll('img')].filter(i => !i.hasAttribute('alt'));"
                + "return [all.length > 6, unnamed.length, unfocused.length, bare.length,"
                + "document.documentElement.lang, document.querySelectorAll('h1').length].join(' ');");
    assertThat(seen).isEqualTo("true 0 0 0 en 1");
  }

  @Test
  void pagesLoadNothing() {
    String html = gallery().html();
    assertThat(html).contains("default-src 'none'");
    assertThat(Pattern.compile("(?:src|href)=\"(?!data:|#)").matcher(html).find()).isFalse();
    assertThat(html).doesNotContain("http:").doesNotContain("https:");
  }

  @Test
  void aSignalNeedsAsManyRelevances() {
    assertThatThrownBy(() -> Signal.of(new double[] {1, 2}, new double[] {1}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Signal.of(new double[] {1, 1}, new double[] {0, 0}).svg(96, 32, "t"))
        .contains("stroke=\"#969696\"");
  }
}
