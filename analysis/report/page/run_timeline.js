// The charts of `flotilla report` over time: timeseries.csv of each run, a line per run and pool.
'use strict';

const kMostPoints = 240;
const kMeasures = [
  ['waiting', 'Requests waiting', 'requests'], ['running', 'Sequences running', 'sequences'],
  ['arrivals', 'Arrivals', '1/s'], ['completions', 'Completions', '1/s'],
  ['output_tok_s', 'Output tokens', 'tok/s'], ['prefill_tok_s', 'Prompt tokens computed', 'tok/s'],
  ['kv_cache_usage', 'KV memory in use', '%'], ['busy', 'GPUs busy', '%'], ['watts', 'Power at the wall', 'kW'],
  ['kv_sent_bytes_s', 'KV sent to other replicas', 'GB/s'], ['busiest_link', 'Busiest link that KV moves on', '%'],
];
/// Shown where KV moves.
const kOfTransfers = ['kv_sent_bytes_s', 'busiest_link'];
const kFactors = { kv_cache_usage: 100, busy: 100, busiest_link: 100, kv_sent_bytes_s: 1e-9, watts: 1e-3 };
const kCounts = ['arrivals', 'completions'];

/// Rows by pool. A pool's name may hold commas: the columns beside it are numbers.
function poolsOf(run) {
  const [head, ...lines] = run.timeseries.trim().split('\n');
  const columns = head.split(','), after = columns.length - 3, pools = new Map();
  for (const text of lines) {
    const parts = text.split(','), name = parts.slice(2, parts.length - after).join(',');
    const numbers = [parts[0], parts[1], '', ...parts.slice(parts.length - after)];
    if (!pools.has(name)) pools.set(name, []);
    pools.get(name).push(Object.fromEntries(columns.map((column, i) => [column, +numbers[i]])));
  }
  return [...pools].map(([name, rows]) => ({ name: name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name, rows }));
}

/// Neighbouring intervals as one, until few enough are left to be seen; means weighted by time.
function thinned(rows) {
  const group = Math.ceil(rows.length / kMostPoints), result = [];
  for (let i = 0; i < rows.length; i += group) {
    const part = rows.slice(i, i + group), length = part.reduce((sum, r) => sum + r.interval_s, 0);
    const point = { time: part[0].time_s - rows[0].time_s + length / 2 };
    for (const [key] of kMeasures) {
      const whole = part.reduce((sum, r) => sum + r[key] * (kCounts.includes(key) ? 1 : r.interval_s), 0);
      point[key] = whole / length * (kFactors[key] || 1);
    }
    result.push(point);
  }
  return result;
}

/// A line per run and pool, named by what tells it from the others.
function linesOf(run) {
  const pools = poolsOf(run);
  const name = (pool) => (!several ? pool.name : pools.length > 1 ? `${run.name}: ${pool.name}` : run.name);
  return pools.map((pool) => ({ name: name(pool), points: thinned(pool.rows) }));
}

/// The point nearest to a time; none once the run is over. Runs differ in their intervals, so that an axis finds only
/// some of them at one time.
function pointAt(points, time) {
  const last = points[points.length - 1];
  if (!last || time > last.time) return null;
  return points.reduce((near, p) => (Math.abs(p.time - time) < Math.abs(near.time - time) ? p : near));
}

function overTime(series, key, unit) {
  return {
    grid: { left: 58, right: 16, top: 14, bottom: 44 },
    tooltip: {
      ...tooltip(), trigger: 'axis',
      formatter: (items) => `at ${number(items[0].axisValue)} s<br>` + series.map((s, i) => {
        const point = pointAt(s.points, items[0].axisValue);
        return `<span style="color:${colourOf(i)}">●</span> ${escaped(s.name)}: <b>${point ? `${shortNumber(point[key])} ${unit}` : 'over'}</b>`;
      }).join('<br>'),
    },
    xAxis: axis('value', 'time (s)', { min: 0, max: 'dataMax', axisLabel: { color: theme.colour('--soft'), hideOverlap: true, showMaxLabel: false } }),
    yAxis: axis('value', unit, { nameGap: 42, axisLabel: { color: theme.colour('--soft'), formatter: shortNumber }, max: unit === '%' ? (v) => (v.max > 50 ? 100 : null) : undefined }),
    series: series.map((s, i) => ({
      type: 'line', name: s.name, symbol: 'none', lineStyle: { width: 1.5, color: colourOf(i) }, itemStyle: { color: colourOf(i) },
      data: s.points.map((p) => [p.time, p[key]]),
    })),
  };
}

function timelineCharts() {
  const series = runs.flatMap(linesOf);
  const shown = kMeasures.filter(([key]) => !kOfTransfers.includes(key) || runs.some((run) => run.summary.kv_transfers.count > 0));
  fill('timeline', shown.map(([key, title]) => `<figure><figcaption>${title}</figcaption><div class="chart low" id="time-${key}"></div></figure>`).join(''));
  for (const legend of document.querySelectorAll('.legend.series')) {
    legend.innerHTML = series.map((s, i) => `<span data-run="${i}">${escaped(s.name)}</span>`).join('');
  }
  for (const [key, , unit] of shown) chart(`time-${key}`, () => overTime(series, key, unit));
}
