// open_report.mjs REPORT_FOLDER CHROMIUM FILE CHARTS TABLE [TOOLTIP_OF]: opens the page in both themes and on a phone.
// Fails on a console error, a request to anywhere else, fewer charts than CHARTS, a chart that drew nothing, a TABLE
// without rows, or a chart TOOLTIP_OF that says nothing when it is pointed at.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [folder, chromium, file, fewest, table, tooltipOf] = process.argv.slice(2);
const playwright = createRequire(join(folder, 'package.json'))('playwright-core');
const profile = mkdtempSync(join(tmpdir(), 'report-'));
const kFlags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const faults = [];

/// What a chart says when its middle is pointed at.
async function tooltip(page, id) {
  await page.locator(`#${id}`).hover();
  const box = page.locator(`#${id} > div`).last();
  await box.waitFor({ state: 'visible', timeout: 5000 }).catch(() => {});
  return box.innerText();
}

const browser = await playwright.chromium.launchPersistentContext(profile, { executablePath: chromium, headless: true, args: kFlags });
try {
  for (const [colorScheme, width] of [['light', 1280], ['dark', 1280], ['light', 390], ['dark', 390]]) {
    const page = await browser.newPage();
    const where = `${colorScheme}, ${width} px`;
    page.on('console', (m) => { if (m.type() === 'error') faults.push(`${where}: ${m.text()}`); });
    page.on('pageerror', (e) => faults.push(`${where}: ${e}`));
    page.on('request', (r) => { if (!/^(file|data|blob):/.test(r.url())) faults.push(`${where}: asks for ${r.url()}`); });
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await page.goto('file://' + file);
    const drawn = await page.evaluate(() => [...document.querySelectorAll('.chart')].map((chart) => {
      const canvas = chart.querySelector('canvas');
      if (!canvas || canvas.width === 0) return [chart.id, 0];
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let inked = 0;
      for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 0;
      return [chart.id, inked];
    }));
    if (drawn.length < +fewest) faults.push(`${where}: ${drawn.length} charts`);
    for (const [id, inked] of drawn) if (inked < 500) faults.push(`${where}: the chart ${id} is empty`);
    const state = await page.evaluate((table) => ({
      ready: document.documentElement.dataset.ready, theme: document.documentElement.dataset.theme,
      overflow: document.documentElement.scrollWidth - innerWidth, rows: document.querySelectorAll(`#${table} tbody tr`).length,
    }), table);
    if (state.ready !== 'yes') faults.push(`${where}: the script did not reach its end`);
    if (state.theme !== colorScheme) faults.push(`${where}: the theme is ${state.theme}`);
    if (state.overflow > 0) faults.push(`${where}: the page is ${state.overflow} px wider than the screen`);
    if (state.rows === 0) faults.push(`${where}: no row in the table ${table}`);
    if (tooltipOf && !/\d/.test(await tooltip(page, tooltipOf))) faults.push(`${where}: the chart ${tooltipOf} has no tooltip`);
    await page.close();
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? 'the report opens' : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
