import { z } from 'zod';
import { configSchema } from './config-schema.js';

/** JSON Schema (2020-12) of postern.yaml, as published in `docs/postern.schema.json`. */
export const configJsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(configSchema, { io: 'input' }),
  title: 'postern.yaml',
});
