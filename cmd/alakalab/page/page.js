// Puts a chart that zooms in the place of each still picture. Without this script the pictures stay.
(function () {
  "use strict";
  var charts = JSON.parse(document.getElementById("charts").textContent) || [];
  var colors = JSON.parse(document.getElementById("colors").textContent);

  function variable(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  // shade marks the times of faults, behind the lines.
  function shade(spans) {
    return function (u) {
      var c = u.ctx;
      c.save();
      c.beginPath();
      c.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
      c.clip();
      c.font = 11 * devicePixelRatio + "px system-ui, sans-serif";
      spans.forEach(function (s, i) {
        var from = u.valToPos(s.from, "x", true), to = u.valToPos(s.to, "x", true);
        c.fillStyle = variable("--shade");
        c.fillRect(from, u.bbox.top, Math.max(to - from, 2 * devicePixelRatio), u.bbox.height);
        c.fillStyle = variable("--false");
        c.fillText(s.name, from + 3 * devicePixelRatio, u.bbox.top + (13 + 13 * (i % 4)) * devicePixelRatio);
      });
      c.restore();
    };
  }

  function number(v) { return v == null ? "–" : String(+v.toPrecision(4)); }

  function clock(v) {
    if (v == null) { return "–"; }
    var s = Math.round(v % 60);
    return Math.floor(v / 60) + ":" + (s < 10 ? "0" : "") + s;
  }

  function options(chart, width) {
    var timed = chart.xLabel === "s" && !chart.logX;
    var axis = { stroke: variable("--soft"), grid: { stroke: variable("--grid"), width: 1 }, ticks: { stroke: variable("--grid"), width: 1 } };
    var x = Object.assign({}, axis, timed ? { values: function (u, all) { return all.map(clock); }, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400] } : { label: chart.xLabel, labelSize: 22 });
    return {
      title: chart.title, width: width, height: Math.max(240, Math.min(340, width * 0.45)),
      cursor: { drag: { x: true, y: false }, sync: timed ? { key: "time" } : undefined },
      scales: { x: { time: false, distr: chart.logX ? 3 : 1 } },
      axes: [x, Object.assign({}, axis, { label: chart.yLabel, labelSize: 22, size: 58 })],
      series: [{ label: timed ? "time" : chart.xLabel, value: function (u, v) { return timed ? clock(v) : number(v); } }].concat(chart.lines.map(function (l, i) {
        return { label: l.name, stroke: colors[i % colors.length], width: 1.6, points: { show: chart.x.length < 30 }, value: function (u, v) { return number(v); } };
      })),
      hooks: { drawClear: [shade(chart.spans || [])] },
    };
  }

  var drawn = [];
  document.querySelectorAll("figure[data-chart]").forEach(function (figure) {
    var chart = charts[+figure.dataset.chart], box = figure.querySelector(".plot"), data = [chart.x].concat(chart.lines.map(function (l) { return l.y; })), plot;
    function draw() {
      if (plot) { plot.destroy(); }
      box.textContent = "";
      plot = new uPlot(options(chart, box.clientWidth), data, box);
    }
    draw();
    drawn.push(draw);
    var width = box.clientWidth;
    new ResizeObserver(function () {
      if (box.clientWidth !== width && box.clientWidth > 0) { width = box.clientWidth; draw(); }
    }).observe(box);
    var hint = document.createElement("small");
    hint.textContent = " Drag to zoom, click twice to see all.";
    figure.querySelector("figcaption").append(hint);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { drawn.forEach(function (draw) { draw(); }); });
})();
