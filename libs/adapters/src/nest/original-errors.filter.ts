import { Catch, type ExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/**
 * Hands an error of a handler on as it is. Nest's own filter makes of every unknown one the object
 * `{ status: 'error', message: 'Internal server error' }`: nobody could tell then whether a dependency is away or the
 * record is at fault.
 */
@Catch()
export class OriginalErrorsFilter implements ExceptionFilter {
  catch(exception: unknown): Observable<never> {
    return throwError(() => exception);
  }
}
