// A PATH with the tools that documents and scripts use, whether or not this machine has them.
import { delimiter, dirname } from 'node:path'
import { ensureServer, type ServerName } from '../../deploy/servers.ts'

/** The PATH of this process, and behind it the folders of the tools. */
export async function pathWith(...tools: ServerName[]): Promise<string> {
  const folders = await Promise.all(tools.map(async (tool) => dirname(await ensureServer(tool))))
  return [process.env.PATH ?? '', ...folders].join(delimiter)
}
