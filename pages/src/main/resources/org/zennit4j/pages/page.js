"use strict";
(() => {
  const slider = document.getElementById("overlay");
  if (slider) {
    const show = () => {
      document.documentElement.style.setProperty("--overlay", slider.value / 100);
      document.querySelector("output[for=overlay]").value = slider.value + " %";
    };
    slider.addEventListener("input", show);
    show();
  }

  // Numbers before texts, numbers by value.
  const compare = (a, b) => {
    const x = parseFloat(a), y = parseFloat(b);
    const numbers = !Number.isNaN(x) && !Number.isNaN(y);
    return numbers && x !== y ? x - y : a.localeCompare(b, "en", { numeric: true });
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compare(a.cells[column].textContent, b.cells[column].textContent) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    }));
  }

  const embeddings = document.getElementById("embeddings");
  if (embeddings) {
    const of = document.getElementById("points-of"), how = document.getElementById("embedding");
    const choose = () => {
      for (const plot of document.querySelectorAll("figure.points")) {
        plot.hidden = plot.dataset.group !== of.value || plot.dataset.embedding !== how.value;
      }
    };
    embeddings.addEventListener("change", choose);
    embeddings.addEventListener("submit", event => event.preventDefault());
    choose(); // a browser that goes back keeps what was chosen
  }

  const gallery = document.getElementById("gallery");
  if (gallery) {
    const value = id => document.getElementById(id)?.value ?? "";
    const checked = id => document.getElementById(id).checked;
    const update = () => {
      const items = [...gallery.children];
      const key = value("sort"), sign = checked("descending") ? -1 : 1;
      items.sort((a, b) => sign * compare(a.dataset[key], b.dataset[key]) || a.dataset.order - b.dataset.order);
      let shown = 0;
      for (const item of items) {
        const fits = (id, data) => value(id) === "" || value(id) === item.dataset[data];
        const visible = fits("class", "label") && fits("prediction", "prediction") && fits("cluster", "cluster")
          && (!checked("wrong") || "wrong" in item.dataset);
        item.hidden = !visible;
        shown += visible ? 1 : 0;
      }
      gallery.append(...items);
      document.getElementById("count").textContent =
        shown + (shown === 1 ? " sample" : " samples") + (shown < items.length ? " of " + items.length : "");
    };
    const tools = document.getElementById("tools");
    tools.addEventListener("change", event => { if (event.target.id !== "overlay") update(); });
    tools.addEventListener("submit", event => event.preventDefault());
  }
})();
