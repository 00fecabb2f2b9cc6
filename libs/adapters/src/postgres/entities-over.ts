import pg from 'pg';
import { DataSource } from 'typeorm';
import { HandleEntity } from './handle.entity.js';
import { SILENT } from './silent-logger.js';

/** TypeORM over a pool that is open, and that stays its owner's. */
export async function entitiesOver(pool: pg.Pool): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    // It makes a pool of what it is told; of this one it is told nothing, and gets it.
    driver: { ...pg, Pool: sole(pool) },
    entities: [HandleEntity],
    installExtensions: false,
    logger: SILENT,
    poolErrorHandler: () => undefined,
  });
  return dataSource.initialize();
}

/** What `new` gives is what a constructor returns, when that is an object. */
const sole = (pool: pg.Pool): (() => pg.Pool) =>
  function Pool(): pg.Pool {
    return pool;
  };
