import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * A migration that is a list of statements. Migrations go forward only: a mistake is corrected by the next one, as a
 * column that is gone cannot be had back by a `down`.
 */
export abstract class ForwardMigration implements MigrationInterface {
  protected abstract readonly statements: readonly string[];

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of this.statements) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: write another one'));
  }
}
