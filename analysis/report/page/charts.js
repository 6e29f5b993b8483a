// What every report shares: the theme, the look of charts, tables.
'use strict';

const report = JSON.parse(document.getElementById('data').textContent);

// Eight colours that stay apart for colour-blind readers (Okabe and Ito 2008, darkened or lightened for the background).
const kColours = {
  light: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b8860b', '#56b4e9', '#6a51a3', '#7f7f7f'],
  dark: ['#4fa8e8', '#ff8c42', '#2fc79a', '#e79cc4', '#e3c04b', '#8fd0ff', '#a992e0', '#a8a8a8'],
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
  addEventListener('resize', () => { for (const entry of charts) if (entry.instance) entry.instance.resize(); });
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
