// The page of `flotilla validate`: classes with their targets, measured against predicted, residuals.
'use strict';

const kMetrics = {
  tpot: { title: 'TPOT', unit: 'ms', measured: 'tpot', predicted: 'ptpot' },
  ttft: { title: 'TTFT', unit: 'ms', measured: 'ttft', predicted: 'pttft' },
  throughput: { title: 'Throughput', unit: 'output tok/s per GPU', measured: 'tput', predicted: 'ptput' },
};
const kColourings = { class: 'class', gpu: 'GPU', engine: 'engine', model: 'model', weights: 'weights', parallelism: 'parallelism' };
const kMostColours = 8;

const points = report.points.map((row) => Object.fromEntries(report.columns.map((name, i) => [name, row[i]])));
const state = { show: 'clean', colour: 'gpu', metric: 'tpot' };

const shown = () => points.filter((p) => p.clean === (state.show !== 'unclean') && (!state.show.startsWith('class:') || p.class === state.show.slice(6)));
const both = (p, metric) => p[kMetrics[metric].measured] > 0 && p[kMetrics[metric].predicted] > 0;
const error = (p, metric) => p[kMetrics[metric].predicted] / p[kMetrics[metric].measured] - 1;

/// Groups in the order of their size on the whole page, so that a name keeps its colour whatever is shown; what does not
/// get a colour of its own becomes "other".
function groups(list) {
  const counts = new Map();
  for (const p of points) counts.set(p[state.colour], (counts.get(p[state.colour]) || 0) + 1);
  const names = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
  const own = names.length > kMostColours ? names.slice(0, kMostColours - 1) : names;
  const result = own.map((name, i) => ({ name, colour: theme.colours[i], points: list.filter((p) => p[state.colour] === name) }));
  result.push({ name: 'other', colour: theme.colours[kMostColours - 1], points: list.filter((p) => !own.includes(p[state.colour])) });
  return result.filter((g) => g.points.length > 0);
}

function describe(p) {
  const lines = Object.entries(kMetrics).filter(([key]) => both(p, key)).map(([key, m]) =>
    `${m.title}: measured ${shortNumber(p[m.measured])}, predicted ${shortNumber(p[m.predicted])} ${m.unit} (${percent(error(p, key), true)} %)`);
  const load = p.load ? `${escaped(p.kind)} ${shortNumber(p.load)}` : escaped(p.kind);
  return `<b>${escaped(p.id)}</b><br>${escaped(p.model)} in ${escaped(p.weights)}, ${escaped(p.gpu)}, ${escaped(p.engine)} ${escaped(p.release)}` +
    `<br>${escaped(p.parallelism)}; ${load}; ${p.input ?? '?'} in, ${p.output ?? '?'} out<br>${lines.join('<br>')}` +
    (p.inside ? '' : '<br>outside of what was calibrated');
}

function pointTooltip() {
  return { ...tooltip(), trigger: 'item', formatter: (item) => (item.data && item.data.point ? describe(item.data.point) : '') };
}

function scatter(metric) {
  const m = kMetrics[metric];
  const list = shown().filter((p) => both(p, metric));
  const values = list.flatMap((p) => [p[m.measured], p[m.predicted]]);
  const low = 10 ** Math.floor(Math.log10(Math.min(...values, 1e9))), high = 10 ** Math.ceil(Math.log10(Math.max(...values, 1e-9)));
  const line = (factor, type) => ({
    type: 'line', silent: true, symbol: 'none', z: 1, lineStyle: { color: theme.colour('--soft'), type, width: 1 },
    data: [[low, low * factor], [high, high * factor]],
  });
  const limits = list.length === 0 ? {} : { min: low, max: high };
  return {
    grid: { left: 62, right: 14, top: 12, bottom: 46 }, tooltip: pointTooltip(),
    xAxis: axis('log', `measured ${m.title} (${m.unit})`, limits),
    yAxis: axis('log', `predicted ${m.title} (${m.unit})`, { ...limits, nameGap: 44 }),
    title: emptyTitle(list),
    series: [...groups(list).map((g) => ({
      type: 'scatter', name: g.name, symbolSize: 6, z: 2, itemStyle: { color: g.colour, opacity: 0.7 },
      data: g.points.map((p) => ({ value: [p[m.measured], p[m.predicted]], point: p })),
    })), line(1, 'solid'), line(1.2, 'dashed'), line(0.8, 'dashed')],
  };
}

function emptyTitle(list) {
  return { show: list.length === 0, text: 'no predicted point', left: 'center', top: 'middle', textStyle: { color: theme.colour('--soft'), fontWeight: 'normal', fontSize: 14 } };
}

/// Errors beyond this are drawn at the edge: a few outliers must not flatten the rest.
const kEdge = 100;
const clipped = (ratio) => Math.max(-kEdge, Math.min(kEdge, 100 * ratio));
const errorAxis = () => axis('value', `error of ${kMetrics[state.metric].title} (%)`, { min: -kEdge, max: kEdge, nameGap: 40 });

function residualsOver(value, name) {
  const list = shown().filter((p) => both(p, state.metric) && value(p) > 0);
  return {
    grid: { left: 58, right: 14, top: 12, bottom: 46 }, tooltip: pointTooltip(), title: emptyTitle(list),
    xAxis: axis('log', name), yAxis: errorAxis(),
    series: groups(list).map((g) => ({
      type: 'scatter', name: g.name, symbolSize: 5, itemStyle: { color: g.colour, opacity: 0.65 },
      data: g.points.map((p) => ({ value: [value(p), clipped(error(p, state.metric))], point: p })),
    })),
  };
}

function residualsBy(value) {
  const lists = new Map();
  for (const p of shown()) {
    if (!both(p, state.metric)) continue;
    const key = value(p);
    if (!lists.has(key)) lists.set(key, []);
    lists.get(key).push(error(p, state.metric));
  }
  const names = [...lists.keys()].sort((a, b) => lists.get(a).length - lists.get(b).length).slice(-14);
  const bars = names.map((n) => [quantile(lists.get(n), 0.1), quantile(lists.get(n), 0.9)].map(clipped));
  return {
    grid: { left: 8, right: 18, top: 12, bottom: 46, containLabel: true }, title: emptyTitle(names),
    tooltip: {
      ...tooltip(), trigger: 'item',
      formatter: (item) => {
        const errors = lists.get(names[item.dataIndex]);
        return `<b>${escaped(names[item.dataIndex])}</b>: ${errors.length} points<br>median ${percent(quantile(errors, 0.5), true)} %, ` +
          `10th to 90th percentile ${percent(quantile(errors, 0.1), true)} to ${percent(quantile(errors, 0.9), true)} %`;
      },
    },
    xAxis: { ...errorAxis(), nameGap: 28 },
    yAxis: axis('category', '', { data: names.map((n) => `${n} (${lists.get(n).length})`), axisLabel: { color: theme.colour('--soft'), fontSize: 11 } }),
    series: rangeSeries(names, bars, lists, theme.colours[0]),
  };
}

/// A bar from low to high, as a thick line per category, and the median as a dot.
function rangeSeries(names, bars, lists, colour) {
  return [{
    type: 'custom', z: 2, data: bars.map(([low, high], i) => [low, i, high]),
    renderItem: (params, api) => {
      const from = api.coord([api.value(0), api.value(1)]), to = api.coord([api.value(2), api.value(1)]);
      const height = Math.min(10, 0.6 * api.size([0, 1])[1]);
      return { type: 'rect', shape: { x: from[0], y: from[1] - height / 2, width: Math.max(1, to[0] - from[0]), height }, style: { fill: colour, opacity: 0.45 } };
    },
  }, {
    type: 'scatter', z: 3, symbol: 'rect', symbolSize: [3, 14], itemStyle: { color: theme.colour('--text') },
    data: names.map((n, i) => [clipped(quantile(lists.get(n), 0.5)), i]),
  }];
}

function cell(c, metric) {
  const s = c[metric];
  if (!s || s.judgement === 'unasked') return '';
  if (!s.n) return '–';
  const target = s.target_median === undefined ? '' : `≤ ${percent(s.target_median)}${s.target_p90 === undefined ? '' : `, p90 ≤ ${percent(s.target_p90)}`}`;
  const verdict = s.target_median === undefined ? '' : ` <span class="${s.judgement}">${s.judgement}</span>`;
  return `${percent(s.median)} / ${percent(s.p90)} / ${percent(s.bias, true)}${verdict}<small>${s.n} points${target ? ', target ' + target : ''}</small>`;
}

function groupTable(id, first, list) {
  const head = `<thead><tr><th>${first}</th><th class="counts">points</th><th class="counts">predicted</th><th>TPOT (%)</th><th>TTFT (%)</th><th>throughput per GPU (%)</th></tr></thead>`;
  const rows = list.map((c) => `<tr><td>${escaped(c.name)}</td><td class="counts">${c.points}</td><td class="counts">${c.predicted}</td>` +
    ['tpot', 'ttft', 'throughput'].map((m) => `<td>${cell(c, m)}</td>`).join('') + '</tr>');
  fill(id, list.length ? `${head}<tbody>${rows.join('')}</tbody>` : '<tbody><tr><td>none</td></tr></tbody>');
}

function tables() {
  const s = report.summary;
  fill('answer', escaped(report.answer));
  fill('run', `${s.predicted} of ${s.points} points predicted. Flotilla ${escaped(s.version)} (${escaped(s.commit)}), ${escaped(report.date)}.`);
  groupTable('classes', 'class', s.classes);
  groupTable('variations', 'assumption', s.variations);
  groupTable('not-clean', "the table's reason", s.not_clean);
  const reasons = Object.entries(s.skipped).sort((a, b) => b[1] - a[1]);
  fill('skipped', '<thead><tr><th>reason</th><th>points</th></tr></thead><tbody>' +
    reasons.map(([reason, n]) => `<tr><td>${escaped(reason)}</td><td>${n}</td></tr>`).join('') + '</tbody>');
  fill('footer', 'Throughput of closed loops that publish none is clients · O / (TTFT + TPOT · (O − 1)) / GPUs on both sides, O = mean output tokens. ' +
    'docs/validation.md says how each kind of row is replayed.');
}

function legend() {
  fill('legend', groups(shown()).map((g) => `<span style="--dot:${g.colour}">${escaped(g.name)}</span>`).join(''));
}

function controls() {
  const clean = points.filter((p) => p.clean);
  const classes = report.summary.classes.filter((c) => c.predicted > 0 && clean.some((p) => p.class === c.key));
  fill('show', '<option value="clean">all clean rows</option>' +
    classes.map((c) => `<option value="class:${escaped(c.key)}">${escaped(c.name)}</option>`).join('') +
    (points.some((p) => !p.clean) ? '<option value="unclean">rows that are not clean</option>' : ''));
  fill('colour', Object.entries(kColourings).map(([key, title]) => `<option value="${key}">${title}</option>`).join(''));
  document.getElementById('colour').value = state.colour;
  fill('metrics', Object.entries(kMetrics).map(([key, m]) => `<button type="button" data-metric="${key}">${m.title}</button>`).join(''));
  const refresh = () => {
    for (const b of document.querySelectorAll('[data-metric]')) b.setAttribute('aria-pressed', b.dataset.metric === state.metric);
    legend();
    drawAll();
  };
  document.getElementById('show').addEventListener('change', (e) => { state.show = e.target.value; refresh(); });
  document.getElementById('colour').addEventListener('change', (e) => { state.colour = e.target.value; refresh(); });
  document.getElementById('metrics').addEventListener('click', (e) => { if (e.target.dataset.metric) { state.metric = e.target.dataset.metric; refresh(); } });
  document.getElementById('theme').addEventListener('click', legend);
  refresh();
}

startTheme();
tables();
for (const metric of Object.keys(kMetrics)) chart(metric, () => scatter(metric));
chart('by-load', () => residualsOver((p) => p.kind.startsWith('concurrency') ? p.load : 0, 'clients'));
chart('by-length', () => residualsOver((p) => (p.input || 0) + (p.output || 0), 'input and output tokens of a request'));
chart('by-parallelism', () => residualsBy((p) => p.parallelism));
chart('by-release', () => residualsBy((p) => `${p.engine} ${p.release}`.trim()));
controls();
document.documentElement.dataset.ready = 'yes';
