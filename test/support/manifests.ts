// What tests of deploy/ ask of its files: the settings that a container gives to a node, and the
// metrics there are.

import { Registry } from 'prom-client'
import { showEngine } from '../../src/app/engine-gauges.ts'
import { readSettings, type Settings } from '../../src/app/settings/settings.ts'
import { createClusterMetrics } from '../../src/runtime/cluster-metrics.ts'
import { createActionsCounter, createObserver, createRequestDurations } from '../../src/runtime/metrics.ts'
import { stubEngine } from './stub-engine.ts'

// biome-ignore lint/suspicious/noExplicitAny: manifests are read as they are; what is missing fails the test.
export type Manifest = any

/**
 * The settings of a node with this environment. Throws for a PULSEPRINT_ variable that is bad, or
 * that none of them is.
 */
export function settingsOf(environment: Record<string, string>): Settings {
  const asked = new Set<string>()
  const watched = new Proxy(environment, {
    get(target, name) {
      asked.add(String(name))
      return Reflect.get(target, name)
    },
  })
  const settings = readSettings(watched)
  for (const name in environment) {
    if (name.startsWith('PULSEPRINT_') && !asked.has(name)) throw new Error(`${name} is no setting`)
  }
  return settings
}

/** Names of the variables that the image sets. @param dockerfile its text */
export function imageEnvironment(dockerfile: string): Record<string, string> {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(dockerfile) ?? []
  return Object.fromEntries([...block.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]))
}

/** Names of the engine's own metrics, those of a cluster included. */
export function metricNames(): string[] {
  const registry = new Registry()
  createActionsCounter(registry)
  createRequestDurations(registry)
  createObserver(registry)
  createClusterMetrics(registry, () => 1)
  showEngine(registry, stubEngine(), false)
  return registry.getMetricsAsArray().map(({ name }) => name)
}

/** `40GB`, `3gb`, `5Gi`: bytes as NATS, Redis and Kubernetes write them. */
export function bytesOf(text: string): number {
  const [, number, unit] = /^(\d+)([GM])(?:B|b|i)$/i.exec(text) ?? []
  if (number === undefined) throw new Error(`"${text}" is no number of bytes`)
  return Number(number) * (unit?.toUpperCase() === 'G' ? 1024 ** 3 : 1024 ** 2)
}
