// What tests wait with; the servers that they start do too.
export { until } from '../../deploy/local-servers/until.ts'
