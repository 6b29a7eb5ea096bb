// The bounds of a definition document. They keep a mistake, or a hostile document, from costing
// more than a message.
export const BOUNDS = {
  /** Bytes of the document. */
  documentBytesMax: 512 * 1024,
  /** YAML aliases (`*name`) in one document. */
  aliasesMax: 100,
  actionsMax: 1_000,
  /** Properties of one declared action. */
  propertiesMax: 500,
  featuresMax: 200,
  /** Action names of one feature. */
  featureActionsMax: 100,
  /** Tiles of a rolling window: each is kept for each user. */
  windowTilesMax: { day: 800, hour: 20_000, minute: 20_000 },
  /**
   * Tiles of a rolling window that a condition watches: the condition is tried again whenever a
   * tile leaves.
   */
  conditionTilesMax: 1_500,
  /** Periods that a streak may outlive. */
  graceMax: 31,
  stagesMax: 50,
  transitionsMax: 200,
  rulesMax: 200,
  /** Of a rule, up and down. */
  priorityMax: 1_000,
  /** Declared streams. The number of rules bounds the streams that rules name. */
  streamsMax: 200,
  /** Firings that a limit per window asks to remember, for each user. */
  limitTimesMax: 1_000,
  /** Scalars of one payload, and how deep it may nest. */
  payloadLeavesMax: 100,
  payloadDepthMax: 16,
  /** Tests in one file, and steps of one test. */
  testsMax: 500,
  testStepsMax: 1_000,
  /** Parts of a value in a test. */
  valuePartsMax: 1_000,
  /** Problems reported for one document. */
  problemsMax: 200,
} as const
