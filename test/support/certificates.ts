// Certificates for servers of this machine, signed by an authority that exists for one test. Made with openssl.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
/** Routes between servers are both, client and server. */
const EXTENSIONS = 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n'

export interface Certificates {
  /** The files that are mounted for servers: tls.crt, tls.key, ca.crt. */
  folder: string
  /** Path of the authority's certificate. */
  authority: string
  /** Its text. */
  authorityPem: string
}

/** @param folder is made */
export function makeCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true })
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  openssl(
    'req',
    '-x509',
    ...KEY,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=authority',
  )
  openssl('req', ...KEY, '-keyout', 'tls.key', '-out', 'tls.csr', '-subj', '/CN=server')
  writeFileSync(join(folder, 'extensions'), EXTENSIONS)
  const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial']
  openssl(
    'x509',
    '-req',
    '-in',
    'tls.csr',
    ...signer,
    '-days',
    '2',
    '-extfile',
    'extensions',
    '-out',
    'tls.crt',
  )
  const authority = join(folder, 'ca.crt')
  return { folder, authority, authorityPem: readFileSync(authority, 'utf8') }
}
