// What every report shares: the theme, the look of charts, tables.
'use strict';

const report = JSON.parse(document.getElementById('data').textContent);

// Eight colours that stay apart for colour-blind readers (Okabe and Ito 2008, darkened or lightened for the background).
const kColours = {
  light: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b8860b', '#56b4e9', '#6a51a3', '#7f7f7f'],
  dark: ['#4fa8e8', '#ff8c42', '#2fc79a', '#e79cc4', '#e3c04b', '#8fd0ff', '#a992e0', '#a8a8a8'],
};

// From little to much: darker on white and lighter on black, in one hue for a figure, towards red for what is in use.
const kScales = {
  figure: {
    light: ['#e6eff8', '#a9cbe8', '#559bd0', '#1f62a8', '#08306b'],
    dark: ['#1f2f40', '#2c5885', '#4389cb', '#84bcee', '#d6ebff'],
  },
  heat: {
    light: ['#c3ccd8', '#e9b44c', '#d9541e', '#8f1414'],
    dark: ['#46525f', '#9c6b28', '#f08a3c', '#ffe7a0'],
  },
};

const theme = {
  get name() { return document.documentElement.dataset.theme; },
  colour(variable) { return getComputedStyle(document.documentElement).getPropertyValue(variable).trim(); },
  get colours() { return kColours[this.name]; },
};

const charts = [];

/// Draws `options()` into the element now, and again when the theme or the width changes.
function chart(id, options) {
  const entry = { element: document.getElementById(id), options, instance: null };
  entry.draw = () => {
    if (!entry.instance) entry.instance = echarts.init(entry.element, null, { renderer: 'canvas' });
    else {
      // What it says now is about the drawing that goes; ECharts would come back to it and find nothing.
      entry.instance.dispatchAction({ type: 'hideTip' });
      entry.instance.resize();
    }
    entry.instance.setOption(Object.assign({ animation: false, backgroundColor: 'transparent' }, entry.options()), true);
  };
  charts.push(entry);
  return entry;
}

function drawAll() { for (const entry of charts) entry.draw(); }

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  drawAll();
}

function startTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  document.documentElement.dataset.theme = dark.matches ? 'dark' : 'light';
  dark.addEventListener('change', () => setTheme(dark.matches ? 'dark' : 'light'));
  document.getElementById('theme').addEventListener('click', () => setTheme(theme.name === 'dark' ? 'light' : 'dark'));
  // Drawn anew, because what has room depends on the width; once a frame at most.
  let waiting = 0;
  addEventListener('resize', () => { if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; drawAll(); }); });
}

/// An axis with its unit in the name.
function axis(type, name, more) {
  const soft = theme.colour('--soft'), line = theme.colour('--line');
  return Object.assign({
    type, name, nameLocation: 'middle', nameGap: 30, nameTextStyle: { color: soft },
    axisLabel: { color: soft, hideOverlap: true, formatter: type === 'log' ? shortNumber : undefined },
    axisLine: { lineStyle: { color: line } }, splitLine: { lineStyle: { color: line } }, minorTick: { show: false },
  }, more);
}

function tooltip() {
  return { confine: true, backgroundColor: theme.colour('--bg'), borderColor: theme.colour('--line'), textStyle: { color: theme.colour('--text'), fontSize: 12 } };
}

/// The colour of a scale at `t` between 0 and 1.
function scaled(scale, t) {
  const stops = kScales[scale][theme.name], at = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
  const i = Math.min(Math.floor(at), stops.length - 2);
  const channel = (stop, c) => parseInt(stop.slice(1 + 2 * c, 3 + 2 * c), 16);
  return `rgb(${[0, 1, 2].map((c) => Math.round(channel(stops[i], c) + (at - i) * (channel(stops[i + 1], c) - channel(stops[i], c)))).join(',')})`;
}

/// What is read on a colour of the form rgb(r,g,b).
function inkOn(colour) {
  const [r, g, b] = colour.match(/\d+/g).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b > 150 ? '#10151b' : '#ffffff';
}

/// A scale as a bar between its ends, in words.
function scaleBar(id, scale, low, high) {
  const stops = kScales[scale][theme.name];
  fill(id, `<span>${low}</span><i style="background:linear-gradient(to right, ${stops.join(', ')})"></i><span>${high}</span>`);
}

function shortNumber(value) {
  if (Math.abs(value) >= 1e6) return +(value / 1e6).toPrecision(3) + 'M';
  if (Math.abs(value) >= 1e3) return +(value / 1e3).toPrecision(3) + 'k';
  return String(+value.toPrecision(3));
}

function percent(ratio, signed) {
  const text = (100 * ratio).toFixed(1);
  return signed && ratio > 0 ? '+' + text : text;
}

function escaped(text) {
  return String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]));
}

function fill(id, html) { document.getElementById(id).innerHTML = html; }

/// numpy's percentile of numbers in any order.
function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = q * (sorted.length - 1), low = Math.floor(rank);
  return low + 1 < sorted.length ? sorted[low] + (rank - low) * (sorted[low + 1] - sorted[low]) : sorted[low];
}
