// Holds docs/operations.md against the program and the shipped files: settings, metrics, alerts,
// refusals of a start.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { showEngine } from '../../../src/app/engine-gauges.ts'
import { readSettings, type Settings } from '../../../src/app/settings/settings.ts'
import { createClusterMetrics } from '../../../src/runtime/cluster-metrics.ts'
import { createActionsCounter, createObserver, createRequestDurations } from '../../../src/runtime/metrics.ts'
import { codesOf, rowsOf, sectionOf, textOf } from '../../support/documents.ts'
import { listFiles, root } from '../../support/source-files.ts'
import { stubEngine } from '../../support/stub-engine.ts'

const PAGE = 'docs/operations.md'
const settingRows = rowsOf(sectionOf(PAGE, 'Settings'))

/** Names of the environment that the settings are read from. */
function settingsRead(): string[] {
  const names = new Set<string>()
  const given: Record<string, string> = {
    PULSEPRINT_NATS: 'nats://127.0.0.1:4222',
    PULSEPRINT_REDIS: 'redis://127.0.0.1:6379',
    PULSEPRINT_LOG_BYTES: '1000000000',
    PULSEPRINT_STREAM_BYTES: '1000000000',
  }
  readSettings(
    new Proxy(given, {
      get(target, name: string) {
        names.add(name)
        return target[name]
      },
    }),
  )
  return [...names]
}

/** Names that the command line reads by itself. */
function settingsOfCommands(): string[] {
  return listFiles(['src/cli'], '.ts').flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/\benv\.(PULSEPRINT_\w+)/g)].map((match) =>
      String(match[1]),
    ),
  )
}

test('the page names every setting, and no other', () => {
  const listed = settingRows
    .flatMap(([name]) => codesOf(name))
    .filter((name) => name !== 'NODE_EXTRA_CA_CERTS')
  expect(listed.sort()).toEqual([...new Set([...settingsRead(), ...settingsOfCommands()])].sort())
})

test('no document names a setting that is none', () => {
  const known = settingRows.flatMap(([name]) => codesOf(name))
  const named = ['README.md', 'ARCHITECTURE.md', PAGE, 'docs/http.md', 'docs/definition.md'].flatMap((page) =>
    [...textOf(page).matchAll(/\bPULSEPRINT_[A-Z_]+\b/g)].map(([name]) => name),
  )
  expect(named.filter((name) => !known.includes(name))).toEqual([])
})

test('the defaults of the page are those of the program', () => {
  const { host, port, dataPath, shards, hotUsersMax } = readSettings({})
  const expected: Record<string, Settings[keyof Settings]> = {
    PULSEPRINT_HOST: host,
    PULSEPRINT_PORT: port,
    PULSEPRINT_DATA: dataPath,
    PULSEPRINT_SHARDS: shards,
    PULSEPRINT_HOT_USERS: hotUsersMax,
  }
  const shown = settingRows.map(([name, value]) => [codesOf(name)[0], codesOf(value)[0]])
  expect(Object.fromEntries(shown)).toMatchObject(
    Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, String(value)])),
  )
})

test('the page names every metric, and no other', async () => {
  const registry = new Registry()
  createActionsCounter(registry)
  createRequestDurations(registry)
  createObserver(registry)
  createClusterMetrics(registry, () => 1)
  showEngine(registry, stubEngine(), false)
  const listed = rowsOf(sectionOf(PAGE, 'Monitoring')).flatMap(([name]) => codesOf(name))
  expect(listed.sort()).toEqual(
    registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      .sort(),
  )
})

test('the runbook has an entry for every alert, and for no other', () => {
  const { groups } = parse(readFileSync(join(root, 'deploy/prometheus/alerts.yaml'), 'utf8')) as {
    groups: { rules: { alert: string }[] }[]
  }
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
  expect(alerts.length).toBeGreaterThan(5)
  const entries = [...sectionOf(PAGE, 'Runbook').matchAll(/^### (.*)$/gm)].map((match) => match[1])
  expect(entries).toEqual(alerts)
})

test('every entry of the runbook says what to do', () => {
  const runbook = sectionOf(PAGE, 'Runbook')
  const entries = [...runbook.matchAll(/^### (\w+)\n(.*?)(?=^### |$(?![\s\S]))/gms)]
  expect(entries.filter(([, , text]) => !/^1\. /m.test(String(text))).map(([, name]) => name)).toEqual([])
  expect(entries.length).toBeGreaterThan(5)
})
