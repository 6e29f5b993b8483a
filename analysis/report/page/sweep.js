// The page of `flotilla report sweep.db`: tok/s/GPU against tok/s/user, and the points that no other beats.
'use strict';

const kMostColours = 8;
const points = report.loads.flatMap((load) => {
  const best = new Set(load.frontier);
  return load.points.map((p) => ({ ...p, load, best: best.has(p.point) }));
});
const pointOf = new Map(points.map((p) => [p.point, p]));
const frontierOf = (load) => load.frontier.map((point) => pointOf.get(point));
const number = (value) => (value === null ? '–' : value.toLocaleString('en', Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 }));
const valuesOf = (key) => [...new Set(points.map((p) => p.values[key]))];
const isNumber = (text) => text.trim() !== '' && Number.isFinite(+text);
/// Keys of which values can be told apart by colour; words before numbers.
const colourings = report.keys.map((name, key) => ({ name, key })).filter(({ key }) => valuesOf(key).length > 1 && valuesOf(key).length <= kMostColours)
  .sort((a, b) => valuesOf(a.key).every(isNumber) - valuesOf(b.key).every(isNumber));
const state = { key: colourings.length > 0 ? colourings[0].key : -1 };

function groups() {
  if (state.key < 0) return [{ name: 'all points', colour: theme.colours[0], points }];
  return valuesOf(state.key).map((value, i) => ({ name: value, colour: theme.colours[i], points: points.filter((p) => p.values[state.key] === value) }));
}

function describe(p) {
  return report.keys.map((key, i) => `${escaped(key)} = <b>${escaped(p.values[i])}</b>`).join('<br>') +
    `<br>${number(p.user)} tok/s/user, ${number(p.gpu)} tok/s/GPU on ${number(p.gpus)} GPUs<br>p99 TTFT ${number(p.ttft)} ms, p99 TPOT ${number(p.tpot)} ms` +
    (p.cost === null ? '' : `<br>$${number(p.cost)} per million output tokens`) + `<br>point ${p.point}${p.seeds > 1 ? `, mean of ${p.seeds} seeds` : ''}`;
}

function frontier() {
  const soft = theme.colour('--soft');
  return {
    grid: { left: 70, right: 20, top: 16, bottom: 50 },
    tooltip: { ...tooltip(), trigger: 'item', formatter: (item) => (item.data && item.data.at !== undefined ? describe(pointOf.get(item.data.at)) : '') },
    title: { show: points.length === 0, text: 'no point to show', left: 'center', top: 'middle', textStyle: { color: soft, fontWeight: 'normal', fontSize: 14 } },
    xAxis: axis('value', 'output tok/s of the median user', { scale: true }),
    yAxis: axis('value', 'output tok/s per GPU', { nameGap: 52, min: 0 }),
    series: [...groups().map((g) => ({
      type: 'scatter', name: g.name, z: 3, itemStyle: { color: g.colour },
      // By number: ECharts copies what it is given, and a point knows its load, with all points of it.
      data: g.points.map((p) => ({ value: [p.user, p.gpu], at: p.point, symbolSize: p.best ? 11 : 8, itemStyle: { opacity: p.best ? 1 : 0.5 } })),
    })), ...report.loads.map((load) => ({
      type: 'line', silent: true, symbol: 'none', z: 2, lineStyle: { color: soft, width: 1.2 },
      data: frontierOf(load).map((p) => [p.user, p.gpu]),
    }))],
  };
}

/// Points by the first line of what is wrong with them: many fail for one reason.
function failures() {
  const reasons = new Map();
  for (const f of report.failed) {
    const why = f.error.split('\n')[0];
    reasons.set(why, [...(reasons.get(why) || []), f.values.join(', ')]);
  }
  return [...reasons];
}

function tables() {
  const saturated = report.loads.reduce((sum, load) => sum + load.saturated, 0);
  fill('title', `Sweep of ${escaped(report.title)}`);
  fill('answer', `${report.done} of ${report.asked} points done${report.failed.length ? `, ${report.failed.length} failed` : ''}` +
    `${saturated ? `; ${saturated} are saturated and left out: their latencies mean nothing` : ''}.`);
  fill('about', `Scenario ${escaped(report.scenario)}, over ${report.keys.map((k) => `<code>${escaped(k)}</code>`).join(', ')}. Flotilla ${escaped(report.version)}, commit ${escaped(report.commit)}.`);
  const loads = report.loads.some((load) => load.name !== '');
  const head = [...(loads ? ['load'] : []), 'point', 'tok/s/user', 'tok/s/GPU', 'GPUs', 'TTFT p99 (ms)', 'TPOT p99 (ms)', '$/M output', ...report.keys];
  const rows = report.loads.flatMap(frontierOf).map((p) => [...(loads ? [escaped(p.load.name)] : []), p.point, number(p.user), number(p.gpu), number(p.gpus), number(p.ttft), number(p.tpot),
    number(p.cost), ...p.values.map(escaped)]);
  const table = (cells, tag) => `<tr>${cells.map((c) => `<${tag}>${c}</${tag}>`).join('')}</tr>`;
  fill('points', `<thead>${table(head.map(escaped), 'th')}</thead><tbody>${rows.map((r) => table(r, 'td')).join('')}</tbody>`);
  document.getElementById('failed-section').hidden = report.failed.length === 0;
  fill('failed', `<thead>${table(['why', report.keys.map(escaped).join(', ')], 'th')}</thead><tbody>${failures().map(([why, which]) => table([escaped(why), which.map(escaped).join('<br>')], 'td')).join('')}</tbody>`);
}

function legend() {
  fill('legend', groups().map((g) => `<span style="--dot:${g.colour}">${escaped(g.name)}</span>`).join(''));
}

startTheme();
tables();
fill('colour', colourings.map(({ name, key }) => `<option value="${key}">${escaped(name)}</option>`).join('') || '<option value="-1">nothing</option>');
document.getElementById('colour').addEventListener('change', (e) => { state.key = +e.target.value; drawAll(); });
chart('frontier', frontier);
charts.push({ draw: legend });
heatSection();
drawAll();
document.documentElement.dataset.ready = 'yes';
