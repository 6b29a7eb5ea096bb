// Where npm keeps its cache while tests run it: in the checkout, because not every home can be
// written to.
import { join } from 'node:path'
import { root } from './source-files.ts'

export const NPM_CACHE = { npm_config_cache: join(root, '.cache/npm') }
