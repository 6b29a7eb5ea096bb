// Three nats-servers as a cluster, each a process of the suite. They tell clients nothing of one
// another: a node reaches each only through the link that the suite can break.
import { mkdirSync, writeFileSync } from 'node:fs'
import { ensureServer } from '../../deploy/servers.ts'
import { freePort } from '../support/servers.ts'
import { until } from '../support/until.ts'
import { ServerProcess } from './server-process.ts'

const SERVERS = 3

export class NatsMember {
  readonly name: string
  readonly port: number
  readonly process: ServerProcess
  readonly #monitorPort: number

  constructor(name: string, port: number, monitorPort: number, process: ServerProcess) {
    this.name = name
    this.port = port
    this.process = process
    this.#monitorPort = monitorPort
  }

  /** Resolves when JetStream is there. */
  async ready(): Promise<void> {
    await until(
      async () => (await this.#ask('healthz')) !== undefined,
      () => `${this.name} did not get ready:\n${this.process.tail(20)}`,
    )
  }

  /**
   * Name of the server that leads a JetStream stream; undefined where none does or this one does
   * not know.
   */
  async leaderOf(stream: string): Promise<string | undefined> {
    const found = (await this.#ask('jsz?accounts=1&streams=1')) as {
      account_details?: { stream_detail?: { name: string; cluster?: { leader?: string } }[] }[]
    }
    const streams = found?.account_details?.flatMap(({ stream_detail }) => stream_detail ?? [])
    return streams?.find(({ name }) => name === stream)?.cluster?.leader
  }

  async #ask(path: string): Promise<unknown> {
    try {
      const signal = AbortSignal.timeout(1_000)
      const answer = await fetch(`http://127.0.0.1:${this.#monitorPort}/${path}`, { signal })
      const body = await answer.json()
      return answer.ok ? body : undefined
    } catch {
      return undefined
    }
  }
}

export async function startNatsCluster(folder: string): Promise<NatsMember[]> {
  const binary = await ensureServer('nats-server')
  const names = Array.from({ length: SERVERS }, (_, index) => `nats-${index}`)
  const routes: number[] = []
  while (routes.length < SERVERS) routes.push(await freePort())
  const members: NatsMember[] = []
  for (const [index, name] of names.entries()) {
    const [port, monitorPort] = [await freePort(), await freePort()]
    const store = `${folder}/${name}`
    mkdirSync(store)
    const file = `${folder}/${name}.conf`
    writeFileSync(file, configuration({ name, port, monitorPort, store, routes, route: routes[index]! }))
    const process = new ServerProcess(name, folder, { file: binary, args: ['-c', file] })
    members.push(new NatsMember(name, port, monitorPort, process))
  }
  for (const { process } of members) process.start()
  await Promise.all(members.map((member) => member.ready()))
  return members
}

interface Place {
  name: string
  port: number
  monitorPort: number
  store: string
  routes: readonly number[]
  route: number
}

function configuration({ name, port, monitorPort, store, routes, route }: Place): string {
  const urls = routes.map((other) => `"nats://127.0.0.1:${other}"`)
  return `server_name: ${name}
listen: 127.0.0.1:${port}
http: 127.0.0.1:${monitorPort}
jetstream { store_dir: "${store}", sync_interval: always, max_file_store: 20GB }
cluster { name: faults, listen: "127.0.0.1:${route}", no_advertise: true, routes: [${urls}] }
`
}
