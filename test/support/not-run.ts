// The commands of the documents that no test types: how the block begins, why, and what proves it
// instead.
import { blocksOf } from './documents.ts'

export interface NotRun {
  document: string
  /** First line of the block. */
  begins: string
  why: string
  /** The file that proves it. */
  provedBy: string
}

export const NOT_RUN: NotRun[] = [
  {
    document: 'README.md',
    begins: 'npm test',
    why: 'it is what runs the tests of the documents',
    provedBy: 'test/bare/main.ts',
  },
  {
    document: 'docs/benchmarks.md',
    begins: 'npm run bench',
    why: 'it takes forty minutes; its smoke run takes seconds',
    provedBy: 'test/integration/bench.test.ts',
  },
  {
    document: 'docs/operations.md',
    begins: 'deploy/servers/make-secrets.sh deploy/compose/secrets',
    why: 'it needs Docker',
    provedBy: 'test/integration/deploy-compose.test.ts',
  },
  {
    document: 'docs/operations.md',
    begins: 'deploy/servers/make-secrets.sh secrets',
    why: 'it needs Kubernetes',
    provedBy: 'test/integration/deploy-kubernetes.test.ts',
  },
]

/** The texts of a document's blocks that are not run. */
export function notRunOf(document: string): string[] {
  const begins = NOT_RUN.filter((one) => one.document === document).map((one) => `${one.begins}\n`)
  const texts = blocksOf(document).map(({ text }) => text)
  return texts.filter((text) => begins.some((begin) => text.startsWith(begin)))
}
