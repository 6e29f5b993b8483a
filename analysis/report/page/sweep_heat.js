// The heat map of `flotilla report sweep.db`: a figure over two swept keys, the best of whatever else was swept.
'use strict';

const kHeatMetrics = [
  { key: 'gpu', name: 'tok/s/GPU', more: true },
  { key: 'user', name: 'tok/s/user', more: true },
  { key: 'ttft', name: 'TTFT p99 (ms)', more: false },
  { key: 'tpot', name: 'TPOT p99 (ms)', more: false },
  { key: 'cost', name: '$ per million output tokens', more: false },
];
/// Cells without a figure: what stands in them, and what it means.
const kHeatMarks = {
  saturated: ['sat', 'saturated: the fleet does not keep up, its latencies mean nothing'],
  failed: ['✕', 'failed'],
  missing: ['…', 'not run yet'],
  unpriced: ['–', 'has no such figure'],
};
const kGap = ' · ';
const kMostInTable = 20000;  // cells, drawn or not: beyond it a table is of no use, and takes a browser long

/// Every point of the sweep with what became of it; seeds of one point are one.
const swept = [
  ...report.loads.flatMap((load) => load.points.map((p) => ({ state: 'done', values: p.values, point: p }))),
  ...report.loads.flatMap(
      (load) => load.saturated_points.map((p) => ({ state: 'saturated', values: p.values, point: p }))),
  ...report.failed.map((f) => ({ state: 'failed', values: f.values, error: f.error })),
  ...report.missing.map((values) => ({ state: 'missing', values })),
];

const lastPart = (key) => key.split('.').pop();
const keyName = (k) =>
    (report.keys.filter((key) => lastPart(key) === lastPart(report.keys[k])).length > 1 ? report.keys[k] :
                                                                                          lastPart(report.keys[k]));
const along = (axis, values) => axis.keys.map((k) => values[k]).join(kGap);
const distinct = (keys) => new Set(swept.map((s) => keys.map((k) => s.values[k]).join('\n'))).size;

/// By number where all values are numbers of one unit, else as they were given.
function inOrder(values) {
  const split = values.map(
      (text) => text.split(kGap)[0].trim().match(/^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z%/]*)$/i));
  if (!split.every((m) => m && m[2] === split[0][2])) return values;
  return values.map((text, i) => [text, +split[i][1]]).sort((a, b) => a[1] - b[1]).map(([text]) => text);
}

/// What a map can be drawn over: each key of several values; as one, keys that change together, and those that say
/// what is asked of a fleet, because what is asked of one load says nothing of another.
function heatAxes() {
  const varied = report.keys.map((key, k) => k).filter((k) => report.keys[k] !== 'seed' && distinct([k]) > 1);
  const asks = report.loads.length > 1 ? varied.filter((k) => report.loads[0].keys.includes(k)) : [];
  const groups = asks.length > 0 ? [asks] : [];
  for (const k of varied.filter((each) => !asks.includes(each))) {
    const same =
        groups.find((g) => g !== asks && distinct([g[0], k]) === distinct([k]) && distinct([k]) === distinct([g[0]]));
    if (same)
      same.push(k);
    else
      groups.push([k]);
  }
  return groups.sort((a, b) => a[0] - b[0]).map((keys) => {
    const found = { keys, load: keys === asks, name: keys.map(keyName).join(kGap) };
    found.values = inOrder([...new Set(swept.map((s) => along(found, s.values)))]);
    found.place = new Map(found.values.map((value, i) => [value, i]));
    return found;
  });
}

const heat = {
  axes: heatAxes(),
  metric: kHeatMetrics[0],
  across: 0,
  down: 1,
  load: 0
};

const figureOf = (s) => (s.point && s.point[heat.metric.key] > 0 ? s.point[heat.metric.key] : null);
const beats = (a, b) => (heat.metric.more ? a > b : a < b);

/// The load that is shown; none where the map is over loads, or there is one alone.
function fixedLoad() {
  const loads = heat.axes.find((a) => a.load);
  return !loads || loads === heat.axes[heat.across] || loads === heat.axes[heat.down] ? null : loads;
}

/// A cell holds all its points, the best of them, and its state: 'done' if there is a figure to show.
function heatCells() {
  const [across, down] = [heat.axes[heat.across], heat.axes[heat.down]], load = fixedLoad(), cells = new Map();
  for (const s of swept) {
    if (load && along(load, s.values) !== load.values[heat.load]) continue;
    const x = across.place.get(along(across, s.values)), y = down.place.get(along(down, s.values));
    if (!cells.has(`${x} ${y}`)) cells.set(`${x} ${y}`, { x, y, all: [], best: null, figure: null });
    const cell = cells.get(`${x} ${y}`), value = s.state === 'done' ? figureOf(s) : null;
    cell.all.push(s);
    if (value !== null && (cell.figure === null || beats(value, cell.figure))) {
      cell.figure = value;
      cell.best = s;
    }
  }
  for (const cell of cells.values()) {
    const states =
        ['done', 'saturated', 'failed', 'missing'].filter((state) => cell.all.some((s) => s.state === state));
    cell.state = cell.best ? 'done' : states[0] === 'done' ? 'unpriced' : states[0];
  }
  return [...cells.values()].sort((a, b) => a.y - b.y || a.x - b.x);
}

/// From a figure to its place on the scale, 1 for the best; by factors where figures are many times apart.
function heatScale(cells) {
  const figures = cells.filter((c) => c.best).map((c) => c.figure), low = Math.min(...figures),
        high = Math.max(...figures);
  const bend = high > 10 * low ? Math.log : (v) => v;
  return {
    low,
    high,
    logarithmic: bend === Math.log,
    at: (v) =>
        (high > low ? (heat.metric.more ? bend(v) - bend(low) : bend(high) - bend(v)) / (bend(high) - bend(low)) : 1)
  };
}

function describeCell(cell) {
  const counts =
      ['saturated', 'failed', 'missing']
          .map((state) => [cell.all.filter((s) => s.state === state).length, kHeatMarks[state][1].split(':')[0]])
          .filter(([n]) => n > 0);
  const rest = `${cell.all.length} ${cell.all.length === 1 ? 'point' : 'points'} here${
      counts.map(([n, word]) => `, ${n} ${word}`).join('')}`;
  if (cell.best) return `${describe(cell.best.point)}<br>${cell.all.length > 1 ? `the best of ${rest}` : ''}`;
  const shown = cell.all.find((s) => s.state === cell.state) || cell.all[0];
  const keys = report.keys.map((key, i) => `${escaped(key)} = <b>${escaped(shown.values[i])}</b>`).join('<br>');
  const why =
      shown.error ? escaped(shown.error.split('\n')[0].replace(/(.{60}[^ ]*) /g, '$1\n')).replace(/\n/g, '<br>') : '';
  const figures = cell.state === 'saturated' ?
      `<br>it makes ${number(shown.point.gpu)} tok/s/GPU on ${number(shown.point.gpus)} GPUs` :
      '';
  return `<b>${kHeatMarks[cell.state][1]}</b>${why ? `<br>${why}` : ''}${figures}<br>${
      cell.all.length > 1 ? `${rest}; one of them:<br>` : ''}${keys}`;
}

const heatText = (cell) => (cell.best ? shortNumber(cell.figure) : kHeatMarks[cell.state][0]);

/// A rectangle with its figure, if there is room; hatched where there is none to show.
function heatCell(cells, scale) {
  return (params, api) => {
    const cell = cells[params.dataIndex], [cx, cy] = api.coord([cell.x, cell.y]), [w, h] = api.size([1, 1]);
    const gap = Math.min(1, w / 16, h / 16);
    const shape = { x: cx - w / 2 + gap, y: cy - h / 2 + gap, width: w - 2 * gap, height: h - 2 * gap };
    const fill = cell.best ? scaled('figure', scale.at(cell.figure)) : theme.colour('--bg');
    const children = [{
      type: 'rect',
      name: 'cell',
      shape,
      style: { fill, stroke: cell.best ? 'none' : theme.colour('--line'), lineWidth: 1 }
    }];
    if (cell.state === 'saturated') {
      children.push({
        type: 'path',
        shape: { pathData: hatch(shape) },
        style: { stroke: theme.colour('--line'), fill: 'none', lineWidth: 1 },
        silent: true
      });
    }
    const text = heatText(cell);
    if (w > 6.4 * text.length + 3 && h > 14) {
      children.push({
        type: 'text',
        silent: true,
        style: {
          text,
          x: cx,
          y: cy,
          align: 'center',
          verticalAlign: 'middle',
          fontSize: 11.5,
          fill: cell.best ? inkOn(fill) : theme.colour(cell.state === 'failed' ? '--bad' : '--soft')
        }
      });
    }
    return { type: 'group', children };
  };
}

/// Diagonals within a rectangle, as an SVG path.
function hatch({ x, y, width, height }) {
  let path = '';
  for (let d = 7; d < width + height; d += 7) {
    path += `M${x + Math.max(0, d - height)},${y + Math.min(d, height)}L${x + Math.min(d, width)},${
        y + Math.max(0, d - width)}`;
  }
  return path;
}

function heatMap() {
  const cells = heatCells(), scale = heatScale(cells), [across, down] = [heat.axes[heat.across], heat.axes[heat.down]];
  const soft = theme.colour('--soft'), element = document.getElementById('heat');
  const longest = (values) => 6.6 * Math.max(...values.map((v) => v.length));
  const left = Math.min(longest(down.values), element.clientWidth * 0.34),
        room = (element.clientWidth - left - 60) / across.values.length;
  const turned = longest(across.values) > room - 4;
  const every = (size) => Math.max(0, Math.ceil(15 / size) - 1);  // labels between two that are shown
  const labels = { color: soft, interval: 0, overflow: 'truncate', fontSize: 11.5 };
  return {
    grid: { left: left + 40, right: 12, top: 8, bottom: turned ? Math.min(longest(across.values), 120) + 40 : 46 },
    tooltip: {...tooltip(), trigger: 'item', formatter: (item) => describeCell(cells[item.dataIndex]) },
    xAxis: axis('category', across.name, {
      data: across.values,
      nameGap: turned ? Math.min(longest(across.values), 120) + 20 : 28,
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: turned ? {...labels, rotate: 90, width: 120, interval: every(room) } : labels
    }),
    yAxis: axis('category', down.name, {
      data: down.values,
      inverse: true,
      nameGap: left + 18,
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        ...labels,
        width: left,
        overflow: 'break',
        lineHeight: 13,
        interval: every((element.clientHeight - 60) / down.values.length)
      }
    }),
    series: [{
      type: 'custom',
      data: cells.map((c) => [c.x, c.y, c.figure === null ? '-' : c.figure]),
      encode: { x: 0, y: 1 },
      renderItem: heatCell(cells, scale),
      clip: true,
      progressive: 0
    }],
  };
}

// ---- around the map ----

/// "Each cell is the most tok/s/GPU over: gpus, max_concurrency." What is best of is said, because it is not seen.
function heatWords(cells) {
  const load = fixedLoad(), rest = heat.axes.filter((a, i) => i !== heat.across && i !== heat.down && a !== load);
  const over = rest.map((a) => `${escaped(a.name)} (${a.values.length} values)`).join(', ');
  return `Each cell is ${
             rest.length > 0 ?
                 `the ${heat.metric.more ? 'highest' : 'lowest'} <b>${escaped(heat.metric.name)}</b> over ${over}` :
                 `one point: its <b>${escaped(heat.metric.name)}</b>`}` +
      `${report.keys.includes('seed') ? ', the mean of its seeds' : ''}. The right end of the scale is the best${
             heatScale(cells).logarithmic ? '; it goes by factors' : ''}. Touch a cell for its figures.`;
}

function heatTable(cells) {
  const [across, down] = [heat.axes[heat.across], heat.axes[heat.down]];
  const texts = new Map(cells.map((c) => [`${c.x} ${c.y}`, heatText(c)])), at = (x, y) => texts.get(`${x} ${y}`) || '';
  const head = `<thead><tr><th>${escaped(down.name)} \\ ${escaped(across.name)}</th>${
      across.values.map((v) => `<th>${escaped(v)}</th>`).join('')}</tr></thead>`;
  return `${head}<tbody>${
      down.values
          .map(
              (v, y) =>
                  `<tr><td>${escaped(v)}</td>${across.values.map((_, x) => `<td>${at(x, y)}</td>`).join('')}</tr>`)
          .join('')}</tbody>`;
}

/// Everything that follows from what is chosen.
function heatAround() {
  const cells = heatCells(), scale = heatScale(cells), load = fixedLoad(), any = cells.some((c) => c.best);
  fill('heat-words', heatWords(cells));
  document.getElementById('heat-load-label').hidden = !load;
  if (any)
    scaleBar(
        'heat-scale', 'figure',
        `${escaped(heat.metric.name)}: ${shortNumber(heat.metric.more ? scale.low : scale.high)}`,
        shortNumber(heat.metric.more ? scale.high : scale.low));
  else
    fill('heat-scale', 'no point has this figure');
  const marks = Object.keys(kHeatMarks).filter((state) => cells.some((c) => c.state === state));
  const full = heat.axes[heat.across].values.length * heat.axes[heat.down].values.length;
  fill(
      'heat-marks',
      marks.map((state) => `<span data-mark="${kHeatMarks[state][0]} ">${kHeatMarks[state][1]}</span>`).join('') +
          (cells.length < full ? '<span data-mark="(blank) ">not part of the sweep</span>' : ''));
  const table = document.getElementById('heat-table');
  table.closest('details').hidden = full > kMostInTable;
  table.innerHTML = full > kMostInTable ? '' : heatTable(cells);
  const row = Math.min(44, Math.max(9, 480 / heat.axes[heat.down].values.length));
  document.getElementById('heat').style.height = `${Math.max(300, 70 + row * heat.axes[heat.down].values.length)}px`;
}

/// Selects are the browser's own: they work by keyboard. The same key twice would be a line: then the two change
/// places.
function heatControls() {
  const options = (names) => names.map((name, i) => `<option value="${i}">${escaped(name)}</option>`).join('');
  const metrics = kHeatMetrics.filter((m) => swept.some((s) => s.state === 'done' && s.point[m.key] > 0));
  heat.metric = metrics[0] || kHeatMetrics[0];
  fill('heat-metric', options(metrics.map((m) => m.name)));
  for (const id of ['across', 'down']) fill(`heat-${id}`, options(heat.axes.map((a) => a.name)));
  const loads = heat.axes.find((a) => a.load);
  if (loads) fill('heat-load', options(loads.values));
  const select = (id) => document.getElementById(`heat-${id}`);
  const changed = () => {
    for (const id of ['across', 'down', 'load']) select(id).value = heat[id];
    drawAll();
  };
  select('metric').addEventListener('change', (e) => {
    heat.metric = metrics[e.target.value];
    changed();
  });
  select('load').addEventListener('change', (e) => {
    heat.load = +e.target.value;
    changed();
  });
  for (const [id, other] of [['across', 'down'], ['down', 'across']]) {
    select(id).addEventListener('change', (e) => {
      if (heat[other] === +e.target.value) heat[other] = heat[id];
      heat[id] = +e.target.value;
      changed();
    });
  }
  const widest = heat.axes.map((a, i) => i).sort((a, b) => heat.axes[b].values.length - heat.axes[a].values.length);
  [heat.across, heat.down] = widest;
  for (const id of ['across', 'down', 'load']) select(id).value = heat[id];
}

/// Only where two keys have values to be laid out over.
function heatSection() {
  const shown = heat.axes.length > 1 && swept.some((s) => s.state === 'done' || s.state === 'saturated');
  document.getElementById('heat-section').hidden = !shown;
  if (!shown) return;
  heatControls();
  charts.push({ draw: heatAround });
  chart('heat', heatMap);
}
