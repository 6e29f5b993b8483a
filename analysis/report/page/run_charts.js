// The charts of `flotilla report`: distributions, and where time goes.
'use strict';

const colourOf = (i) => theme.colours[i % theme.colours.length];

/// Per cent of a run's samples at or below `x`, between the points of its curve.
function percentAt(run, metric, x) {
  const values = run.curves[`${metric}_ms`], percents = run.curves.percent;
  if (x < values[0]) return 0;
  for (let i = 1; i < values.length; ++i) {
    if (values[i] > x) return percents[i - 1] + (percents[i] - percents[i - 1]) * (x - values[i - 1]) / (values[i] - values[i - 1]);
  }
  return 100;
}

/// 1, 2 or 5 times a power of ten: the nearest below, or above.
function round125(value, up) {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 2, 5, 10].map((s) => s * power);
  return up ? steps.find((s) => s >= value * (1 - 1e-9)) : steps.filter((s) => s <= value * (1 + 1e-9)).pop();
}

/// Linear where that shows the curve; a long tail needs a logarithm.
function latencyAxis(name, curves, limits) {
  const low = Math.min(...curves.map((c) => c[0]), ...limits), high = Math.max(...curves.map((c) => c[c.length - 1]), ...limits);
  if (low > 0 && high > 12 * low) return axis('log', name, { min: round125(low, false), max: round125(high, true) });
  if (!(high > 0)) return axis('value', name, { min: 0, max: 1 });
  const interval = round125(Math.max(high - low, 0.05 * high) / 4, true);
  return axis('value', name, { interval, min: interval * Math.floor(low / interval), max: interval * Math.ceil(high / interval) });
}

/// One line per distinct promise: its limit, and the percentile it is about.
function promiseLines(metric) {
  const seen = new Map();
  for (const run of runs) for (const p of run.summary.slo) if (p.metric === metric) seen.set(`${p.limit_ms} ${p.percentile}`, p);
  const soft = theme.colour('--soft');
  return [...seen.values()].map((p) => ({
    type: 'line', silent: true, symbol: 'none', data: [[p.limit_ms, 0], [p.limit_ms, p.percentile], [0, p.percentile]], promise: true, z: 1, tooltip: { show: false },
    lineStyle: { color: theme.colour('--bad'), type: 'dashed', width: 1.5 }, clip: true,
    endLabel: { show: false }, itemStyle: { color: soft },
  }));
}

function distribution(metric) {
  const key = `${metric}_ms`;
  const shown = runs.map((run, i) => ({ run, i })).filter(({ run }) => run.curves[key].length > 0);
  const limits = runs.flatMap((run) => run.summary.slo.filter((p) => p.metric === metric).map((p) => p.limit_ms));
  const xAxis = latencyAxis(`${kLatencies[metric]} (ms)`, shown.map(({ run }) => run.curves[key]), limits);
  const promises = promiseLines(metric).map((s) => ({ ...s, data: s.data.map(([x, y]) => [Math.max(x, xAxis.min), y]) }));
  return {
    grid: { left: 54, right: 22, top: 14, bottom: 48 },
    title: { show: shown.length === 0, text: 'nothing was measured', left: 'center', top: 'middle', textStyle: { color: theme.colour('--soft'), fontWeight: 'normal', fontSize: 14 } },
    tooltip: {
      ...tooltip(), trigger: 'axis', axisPointer: { type: 'line', snap: false },
      formatter: (items) => {
        const x = items[0].axisValue;
        return `at most ${number(x)} ms<br>` + shown.map(({ run, i }) =>
          `${several ? `<span style="color:${colourOf(i)}">●</span> ${escaped(run.name)}: ` : ''}<b>${percentAt(run, metric, x).toFixed(1)} %</b>`).join('<br>');
      },
    },
    xAxis, yAxis: axis('value', 'share (%)', { min: 0, max: 100, nameGap: 38 }),
    series: [...shown.map(({ run, i }) => ({
      type: 'line', name: run.name, symbol: 'none', z: 2, lineStyle: { width: 2, color: colourOf(i) }, itemStyle: { color: colourOf(i) },
      data: run.curves[key].map((v, j) => [v, run.curves.percent[j]]),
    })), ...promises],
  };
}

// ---- where time goes ----

const kCauses = [['memory', 'memory', 0], ['compute', 'compute', 1], ['communication', 'communication', 2], ['host', 'host side', 3], ['idle', 'idle', 7]];
const kStages = [['queue', 'queue', 1], ['prefill', 'prefill', 0], ['transfer', 'KV transfer', 2], ['other', 'frontend', 3]];

/// Stacked bars, one per run; `value(run, key)` in `unit`.
function stacked(parts, value, unit, max) {
  const names = runs.map((run) => run.name), soft = theme.colour('--soft');
  const whole = Math.max(...runs.map((run) => parts.reduce((sum, [key]) => sum + value(run, key), 0)), 1e-9);
  return {
    grid: { left: 8, right: 24, top: 38, bottom: 46, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, textStyle: { color: theme.colour('--text') } },
    tooltip: {
      ...tooltip(), trigger: 'axis', axisPointer: { type: 'shadow' },
      formatter: (items) => `${several ? `<b>${escaped(items[0].name)}</b><br>` : ''}` + items.map((item) => `${item.marker} ${escaped(item.seriesName)}: <b>${number(item.value)} ${unit}</b>`).join('<br>'),
    },
    xAxis: axis('value', unit === '%' ? 'share of GPU time (%)' : `mean TTFT (${unit})`, { max }),
    yAxis: axis('category', '', { inverse: true, data: names, axisLabel: { show: several, color: soft, width: 110, overflow: 'truncate' } }),
    series: parts.map(([key, name, colour]) => ({
      type: 'bar', stack: 'all', name, barMaxWidth: 34, itemStyle: { color: theme.colours[colour] },
      data: runs.map((run) => +value(run, key).toPrecision(6)),
      label: { show: true, color: '#fff', textBorderColor: 'rgba(0,0,0,0.55)', textBorderWidth: 2, fontSize: 11, formatter: (item) => (item.value > 0.09 * whole ? shortNumber(item.value) : '') },
    })),
  };
}

function runCharts() {
  for (const bars of document.querySelectorAll('.chart.bars')) bars.style.height = `${130 + 46 * runs.length}px`;
  for (const metric of Object.keys(kLatencies)) chart(`cdf-${metric}`, () => distribution(metric));
  chart('gpu-time', () => stacked(kCauses, (run, key) => 100 * run.summary.time_share[key], '%', 100));
  chart('ttft-time', () => stacked(kStages, (run, key) => run.summary.ttft_share[key] * run.summary.mean_ttft_ms, 'ms'));
}
