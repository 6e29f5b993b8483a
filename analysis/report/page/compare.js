// The page of `flotilla report` for compare.json: the answer, a forest plot of relative differences, the figures, and
// each seed's values.
'use strict';

const scenarios = report.scenarios, first = scenarios[0];
const against =
    report.differences.map((difference, i) => ({...difference, scenario: scenarios[i + 1], colour: i + 1 }));
const several = scenarios.length > 1;
const level = `${+ (100 * report.level).toFixed(2)} %`;
/// By how a difference is judged: its colour, the shape that tells it from others without colours, and what it means.
const kJudgements = {
  better: ['--good', 'circle', '●', 'better'],
  worse: ['--bad', 'diamond', '◆', 'worse'],
  slight: ['--soft', 'circle', '●', 'less than 1 % apart'],
  'no telling': ['--soft', 'emptyCircle', '○', 'no telling: chance alone could do it'],
  'one seed': ['--soft', 'emptyDiamond', '◇', 'one seed: chance is unknown'],
};
const kFar = 100;  // per cent: beyond it, an axis that showed all would hide what is near 0

const judged = (judgement) => kJudgements[judgement] || kJudgements['no telling'];
const shortName = (metric) => metric.name.split(' (')[0];
const line = (cells, tag = 'td') => `<tr>${cells.map((c) => `<${tag}>${c}</${tag}>`).join('')}</tr>`;
const dot = (i) => (several ? `<span class="dot" data-run="${i}"></span>` : '');
const colourOf = (i) => theme.colours[i % theme.colours.length];
const figures = report.metrics.filter((metric) => scenarios.some((s) => s.metrics[metric.key]));

function number(value) {
  if (value === null || value === undefined) return '–';
  return value.toLocaleString(
      'en', Math.abs(value) >= 10000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 5 });
}

/// A value and half of its interval, to as many places as the half has two digits in.
function plusMinus(estimate) {
  if (!estimate || estimate.mean === null) return '–';
  if (!estimate.interval) return number(estimate.mean);
  const half = (estimate.interval[1] - estimate.interval[0]) / 2;
  const places = half > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(half)), 0), 8) : 0;
  const fixed = (v) => v.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
  return `<span class="whole">${
      half > 0 ? `${fixed(estimate.mean)} ± ${fixed(half)}` : `${number(estimate.mean)} ± 0`}</span>`;
}

// ---- the answer ----

function answers() {
  const notes = report.notes.map((n) => `<li>${escaped(n)}</li>`).join('');
  const sentences = several ?
      against.map((d) => `<p class="answer">${dot(d.colour)}${escaped(d.answer)}</p>`).join('') :
      `<p class="answer">${escaped(first.name)} alone: its figures over the seeds, and how sure they are.</p>`;
  fill(
      'answers',
      `<section class="run">${sentences}<p>${escaped(report.basis)}</p>` +
          `${notes ? `<ul class="warnings">${notes}</ul>` : ''}</section>`);
}

// ---- the forest ----

const rowsOf = (difference) => figures.filter((metric) => difference.relative[metric.key])
                                   .map((metric) => ({ metric, ...difference.relative[metric.key] }));

/// The same for all, so that they can be compared; 0 is always on it, and not always what is far.
function forestRange() {
  const ends = against.flatMap(rowsOf).flatMap((row) => [row.mean, ...(row.interval || [])]).map((v) => 100 * v);
  const near = ends.filter((v) => Math.abs(v) <= kFar), low = Math.min(0, ...near);
  const high = near.length < ends.length ? Math.max(10, -low, ...near) : Math.max(0, ...near);
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((s) => s >= (high - low) / 8) || 50;
  return {
    step,
    min: (Math.floor(low / step) - (low < 0 ? 0 : 1)) * step,
    max: (Math.ceil(high / step) + (high > 0 ? 0 : 1)) * step
  };
}

/// A row: the line of the interval, the mean on it; an arrow at the edge where either lies beyond.
function forestRow(rows, range) {
  return (params, api) => {
    const row = rows[params.dataIndex], [variable, shape] = judged(row.judgement), colour = theme.colour(variable);
    const clamp = (v) => Math.min(Math.max(100 * v, range.min), range.max);
    const [x, y] = api.coord([clamp(row.mean), params.dataIndex]);
    const [low, high] = (row.interval || [row.mean, row.mean]).map((v) => api.coord([clamp(v), params.dataIndex])[0]);
    const hollow = shape.startsWith('empty'), r = 5.5;
    const style = hollow ? { fill: theme.colour('--panel'), stroke: colour, lineWidth: 2 } : { fill: colour };
    const beyond = 100 * row.mean > range.max || 100 * row.mean < range.min;
    const side = row.mean > 0 ? 1 : -1;
    const mark = beyond ? [[0, -7], [9 * side, 0], [0, 7]] : [[0, -r - 1.5], [r + 1.5, 0], [0, r + 1.5], [-r - 1.5, 0]];
    const children = [{
      type: 'rect',
      shape: {
        x: params.coordSys.x,
        y: y - api.size([0, 1])[1] / 2,
        width: params.coordSys.width,
        height: api.size([0, 1])[1]
      },
      style: { fill: 'transparent' }
    }];
    if (!beyond)
      children.push(
          { type: 'line', shape: { x1: low, y1: y, x2: high, y2: y }, style: { stroke: colour, lineWidth: 2.5 } });
    for (const [v, end] of beyond || !row.interval ? [] : [[row.interval[0], low], [row.interval[1], high]])
      if (clamp(v) === 100 * v)
        children.push({
          type: 'line',
          shape: { x1: end, y1: y - 4, x2: end, y2: y + 4 },
          style: { stroke: colour, lineWidth: 2 }
        });
    if (beyond || /iamond$/.test(shape))
      children.push({ type: 'polygon', name: 'mark', x: beyond ? x - 9 * side : x, y, shape: { points: mark }, style });
    else
      children.push({ type: 'circle', name: 'mark', shape: { cx: x, cy: y, r }, style });
    return { type: 'group', children };
  };
}

const signed = (v) => (v > 0 ? '+' : v < 0 ? '−' : '') + Math.abs(+v.toPrecision(6));

function forest(difference) {
  const rows = rowsOf(difference), range = forestRange(), soft = theme.colour('--soft'), line = theme.colour('--line');
  const rich = {
    name: { color: theme.colour('--text'), fontSize: 12.5, lineHeight: 17, align: 'right' },
    text: { color: soft, fontSize: 11, lineHeight: 15, align: 'right' }
  };
  return {
    grid: { left: 8, right: 20, top: 6, bottom: 28, containLabel: true },
    tooltip: {
      ...tooltip(),
      trigger: 'item',
      formatter: (item) => {
        const row = rows[item.dataIndex];
        return `<b>${escaped(shortName(row.metric))}</b>: ${escaped(row.text)}<br>${judged(row.judgement)[3]}; ${
                   row.metric.more_is_better ? 'more' : 'less'} is better` +
            `<br>${escaped(first.name)}: ${plusMinus(first.metrics[row.metric.key])} ${escaped(row.metric.unit)}` +
            `<br>${escaped(difference.scenario.name)}: ${plusMinus(difference.scenario.metrics[row.metric.key])} ${
                   escaped(row.metric.unit)}`;
      },
    },
    xAxis: axis('value', 'relative difference (%)', {
      min: range.min,
      max: range.max,
      interval: range.step,
      axisLabel: { color: soft, hideOverlap: true, formatter: signed }
    }),
    yAxis: axis('category', '', {
      inverse: true,
      data: rows.map((row) => row.metric.key),
      axisTick: { show: false },
      axisLine: { show: false },
      splitLine: { show: true, lineStyle: { color: line } },
      axisLabel:
          { interval: 0, rich, formatter: (key, i) => `{name|${shortName(rows[i].metric)}}\n{text|${rows[i].text}}` },
    }),
    series: [{
      type: 'custom',
      data: rows.map((row, i) => [100 * row.mean, i]),
      encode: { x: 0, y: 1 },
      renderItem: forestRow(rows, range),
      z: 3,
      markLine: {
        silent: true,
        z: 2,
        symbol: 'none',
        label: { show: false },
        lineStyle: { color: theme.colour('--text'), type: 'solid', width: 1.2 },
        data: [{ xAxis: 0 }]
      },
    }],
  };
}

function forests() {
  document.getElementById('forests-section').hidden = !several;
  if (!several) return;
  const baseline = `a is ${escaped(first.name)}, which is the line at 0`;
  fill('forest-note', [
    `Mean of b / a − 1 over the seeds with its ${level} interval: ${baseline}.`,
    'Seeds are compared pair by pair, so that what chance does to both cancels.',
    'What lies beyond the axis is an arrow at its edge.',
    'These are as many chances to be misled as there are rows: an interval that barely leaves out 0 may be luck.',
  ].join(' '));
  fill(
      'forests',
      against
          .map(
              (d, i) => `<figure><figcaption>${dot(d.colour)}${escaped(d.scenario.name)} against ${
                            escaped(first.name)}</figcaption>` +
                  `<div class="chart" id="forest-${i}" style="height:${
                            54 + 40 * Math.max(1, rowsOf(d).length)}px"></div></figure>`)
          .join(''));
  against.forEach((d, i) => chart(`forest-${i}`, () => forest(d)));
}

function forestLegend() {
  if (!several) return;
  const used =
      Object.keys(kJudgements).filter((each) => against.some((d) => rowsOf(d).some((row) => row.judgement === each)));
  fill(
      'forest-legend',
      used.map((each) => {
            const [variable, , sign, meaning] = kJudgements[each];
            return `<span data-mark="${sign} " style="color:var(${variable})">${meaning}</span>`;
          })
          .join(''));
}

// ---- figures ----

function table() {
  const head = `<thead>${
      line(['mean over the seeds', ...scenarios.map((s, i) => `${dot(i)}${escaped(s.name)}`)], 'th')}</thead>`;
  const small = (i, key) => {
    const relative = i > 0 ? against[i - 1].relative[key] : undefined;
    if (!relative) return '';
    const tone = ['better', 'worse'].includes(relative.judgement) ? relative.judgement : '';
    return `<small class="whole ${tone}">${escaped(relative.text)}</small>`;
  };
  const rows = figures.map(
      (metric) => line(
          [escaped(metric.name), ...scenarios.map((s, i) => plusMinus(s.metrics[metric.key]) + small(i, metric.key))]));
  rows.push(line(['GPUs', ...scenarios.map((s) => number(s.gpus))]));
  rows.push(line([
    'runs that do not keep up',
    ...scenarios.map(
        (s) =>
            (s.saturated_runs > 0 ? `<span class="missed">${s.saturated_runs} of ${report.seeds.length}</span>` :
                                    `0 of ${report.seeds.length}`))
  ]));
  fill('figures', `${head}<tbody>${rows.join('')}</tbody>`);
  fill(
      'figures-note',
      `± is half of the ${level} interval over ${report.seeds.length} ${
          report.seeds.length === 1 ? 'seed (one alone has none)' : 'seeds'}.` +
          (several ? ' Small print: the difference from the first, pair by pair.' : ''));
}

// ---- seeds ----

/// Dots of one figure: a row per scenario; a line joins what one seed gave to each of them.
function seedDots(metric) {
  const soft = theme.colour('--soft'), line = theme.colour('--line');
  const valuesOf = (s) => (s.metrics[metric.key] ? s.metrics[metric.key].values : report.seeds.map(() => null));
  return {
    grid: { left: several ? 8 : 24, right: 20, top: 10, bottom: 26, containLabel: true },
    tooltip: {
      ...tooltip(),
      trigger: 'item',
      formatter: (item) => `seed ${report.seeds[item.data.seed]}<br>` +
          scenarios
              .map(
                  (s, i) => `<span style="color:${colourOf(i)}">●</span> ${escaped(s.name)}: <b>${
                      number(valuesOf(s)[item.data.seed])} ${escaped(metric.unit)}</b>`)
              .join('<br>'),
    },
    xAxis: axis(
        'value', metric.name,
        { scale: true, splitNumber: 4, axisLabel: { color: soft, hideOverlap: true, formatter: shortNumber } }),
    yAxis: axis('category', '', {
      inverse: true,
      data: scenarios.map((s) => s.name),
      axisTick: { show: false },
      axisLabel: { show: several, color: soft, width: 84, overflow: 'truncate', interval: 0 }
    }),
    series: [
      ...(several ? report.seeds.map((_, k) => ({
                                       type: 'line',
                                       silent: true,
                                       symbol: 'none',
                                       z: 1,
                                       lineStyle: { color: soft, opacity: 0.45, width: 1 },
                                       data: scenarios.map((s, i) => [valuesOf(s)[k], i]).filter(([v]) => v !== null)
                                     })) :
                    []),
      ...scenarios.map(
          (s, i) => ({
            type: 'scatter',
            z: 3,
            symbolSize: 8,
            itemStyle: { color: colourOf(i), opacity: 0.85 },
            data: valuesOf(s).map((v, k) => ({ value: [v, i], seed: k })).filter(({ value }) => value[0] !== null)
          })),
    ],
  };
}

function seeds() {
  const listed = report.seeds.length > 12 ? `${report.seeds[0]} to ${report.seeds[report.seeds.length - 1]}` :
                                            report.seeds.join(', ');
  fill('seeds-note', `A dot is a run${several ? ', a line joins the runs of one seed' : ''}. Seeds: ${listed}.`);
  fill(
      'seeds',
      figures
          .map(
              (metric, i) => `<figure><figcaption>${escaped(metric.name)}</figcaption><div class="chart" id="seeds-${
                  i}" style="height:${58 + 34 * Math.max(2, scenarios.length)}px"></div></figure>`)
          .join(''));
  figures.forEach((metric, i) => chart(`seeds-${i}`, () => seedDots(metric)));
}

// ---- the rest ----

function again() {
  const hashes = scenarios.map(
      (s) => `<li>${escaped(s.name)}: <code>${escaped(s.scenario)}</code>, ${
          s.scenario_sha256.map((h) => escaped(h.slice(0, 12))).slice(0, 3).join(', ')}${
          s.scenario_sha256.length > 3 ? ', …' : ''}</li>`);
  fill(
      'again',
      `<p><code id="command">${escaped(report.command)}</code></p>` +
          `<details><summary>Flotilla ${escaped(report.version)}, commit ${
              escaped(
                  report.commit)}; hashes of the resolved scenarios</summary><ul>${hashes.join('')}</ul></details>`);
}

function definitions() {
  const rows = report.metrics.map(
      (m) => line([
        `${escaped(m.name)}<small><code>${escaped(m.key)}</code></small>`,
        `${escaped(m.definition)}<small>${escaped(m.unit)}; ${m.more_is_better ? 'more' : 'less'} is better</small>`
      ]));
  fill(
      'definitions',
      `<thead>${line(['figure, and its key in <code>summary.json</code>', 'definition'], 'th')}</thead><tbody>${
          rows.join('')}</tbody>`);
  fill('footer', `Intervals: ${escaped(report.method)}. Simulated with Flotilla.`);
}

/// Dots and legends take the colours of the theme, as charts do.
function colourDots() {
  for (const each of document.querySelectorAll('[data-run]'))
    each.style.setProperty('--dot', theme.colours[each.dataset.run % theme.colours.length]);
}

startTheme();
fill('title', escaped(report.title));
answers();
forests();
forestLegend();
table();
seeds();
again();
definitions();
charts.push({ draw: colourDots });
drawAll();
document.documentElement.dataset.ready = 'yes';
