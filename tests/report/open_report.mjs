// open_report.mjs REPORT_FOLDER CHROMIUM FILE CHARTS TABLE [CHART[:SHAPE:COUNT] | @SELECT]...: opens the page in both
// themes and on a phone. Fails on a console error, a request to anywhere else, fewer charts than CHARTS, a chart that
// drew nothing, a TABLE without rows, or a CHART that says nothing when its middle, or a drawn SHAPE of it, is pointed
// at, or that draws another COUNT of shapes. Selects are worked by keyboard: a SELECT that is named must change what is
// drawn, as the button must the theme.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [folder, chromium, file, fewest, table, ...words] = process.argv.slice(2);
const probes = words.filter((word) => !word.startsWith('@')), telling = words.filter((word) => word.startsWith('@'));
const playwright = createRequire(join(folder, 'package.json'))('playwright-core');
const profile = mkdtempSync(join(tmpdir(), 'report-'));
const kFlags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const faults = [];

/// Middles, on the page, of what a chart has drawn: shapes by the name that the page gave them, or by their type.
function shapes(page, id, shape) {
  return page.evaluate(([id, shape]) => {
    const element = document.getElementById(id), box = element.getBoundingClientRect();
    return echarts.getInstanceByDom(element).getZr().storage.getDisplayList(true)
      .filter((each) => (each.name === shape || each.type === shape) && !each.ignore && !each.invisible)
      .map((each) => {
        const rect = each.getBoundingRect().clone();
        rect.applyTransform(each.getComputedTransform() || [1, 0, 0, 1, 0, 0]);
        return { x: box.x + rect.x + rect.width / 2, y: box.y + rect.y + rect.height / 2 };
      });
  }, [id, shape]);
}

/// What a chart says when a point of it is pointed at; its middle where none is given.
async function tooltip(page, id, point) {
  if (point) await page.mouse.move(point.x, point.y);
  else await page.locator(`#${id}`).hover();
  const box = page.locator(`#${id} > div`).last();
  await box.waitFor({ state: 'visible', timeout: 5000 }).catch(() => {});
  return box.innerText();
}

async function probe(page, where, words) {
  const [id, shape, count] = words.split(':');
  await page.locator(`#${id}`).scrollIntoViewIfNeeded();
  let point;
  if (shape) {
    const found = await shapes(page, id, shape), { width, height } = page.viewportSize();
    if (found.length !== +count) faults.push(`${where}: the chart ${id} drew ${found.length} of ${count} ${shape}`);
    point = found.find(({ x, y }) => x > 0 && x < width && y > 0 && y < height);
    if (!point) { faults.push(`${where}: no ${shape} of the chart ${id} is in sight`); return; }
  }
  if (!/\d/.test(await tooltip(page, id, point))) faults.push(`${where}: the chart ${id} has no tooltip`);
}

/// Of all canvases that are shown: [id, how many pixels have ink, a sum that tells pictures apart].
function drawings(page) {
  return page.evaluate(() => [...document.querySelectorAll('.chart')].filter((c) => c.offsetParent).map((chart) => {
    const canvas = chart.querySelector('canvas');
    if (!canvas || canvas.width === 0) return [chart.id, 0, 0];
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let inked = 0, sum = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      inked += pixels[i + 3] > 0;
      sum = (sum * 31 + pixels[i] + 7 * pixels[i + 1] + 11 * pixels[i + 2]) % 1000003;
    }
    return [chart.id, inked, sum];
  }));
}

const sums = async (page) => (await drawings(page)).map(([, , sum]) => sum).join();

/// Selects with a choice: to the other end of their list.
async function workSelects(page, where) {
  const worked = [];
  for (const select of await page.locator('select:visible').all()) {
    if (await select.locator('option').count() < 2) continue;
    const before = await sums(page), value = await select.inputValue();
    await select.focus();
    await page.keyboard.press('End');
    if (await select.inputValue() === value) await page.keyboard.press('Home');
    const id = await select.getAttribute('id');
    worked.push(`@${id}`);
    if (await select.inputValue() === value) faults.push(`${where}: the select ${id} does not heed the keyboard`);
    const same = await sums(page) === before;
    if (telling.includes(`@${id}`) && same) faults.push(`${where}: the select ${id} changes nothing`);
  }
  for (const id of telling) if (!worked.includes(id)) faults.push(`${where}: no select ${id} with a choice`);
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
    const drawn = await drawings(page);
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
    for (const words of probes) await probe(page, where, words);
    await workSelects(page, where);
    const before = await sums(page);
    await page.locator('#theme').click();
    if (await sums(page) === before) faults.push(`${where}: the button changes no theme`);
    await page.close();
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? 'the report opens' : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
