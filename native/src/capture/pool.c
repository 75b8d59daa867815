/* SPDX-License-Identifier: MPL-2.0 */
#include "capture/pool.h"

#include <pthread.h>
#include <unistd.h>

#include "base/memory.h"

#define THREAD_COUNT_MAX 64u

static struct pool {
    /** Serialises acquire and release, so that threads are started and joined
     * by one at a time; held while the lock below is not. */
    pthread_mutex_t membership;
    uint32_t member_count;
    pthread_t threads[THREAD_COUNT_MAX];

    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t done;
    pf_batch *batches;
    uint32_t thread_count;
    uint32_t idle_count;
    bool ending;
} pool = {.membership = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .work = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

uint32_t pf_pool_width(void) {
    long core_count = sysconf(_SC_NPROCESSORS_ONLN);
    if (core_count < 1) {
        return 1;
    }
    return core_count < THREAD_COUNT_MAX ? (uint32_t)core_count : THREAD_COUNT_MAX;
}

/** A batch with a job that nobody has taken, or NULL. Under the lock. */
static pf_batch *find_work(void) {
    pf_batch *batch = pool.batches;
    while (batch != NULL && batch->taken == batch->published) {
        batch = batch->next;
    }
    return batch;
}

/** Runs one job of the batch. Under the lock, which is open meanwhile. */
static void run_job(pf_batch *batch) {
    uint32_t index = batch->taken++;
    pthread_mutex_unlock(&pool.lock);
    batch->run(batch->context, index);
    pthread_mutex_lock(&pool.lock);
    batch->finished++;
    if (batch->finished == batch->published) {
        pthread_cond_broadcast(&pool.done);
    }
}

static void *work(void *unused) {
    (void)unused;
    pthread_mutex_lock(&pool.lock);
    while (!pool.ending) {
        pf_batch *batch = find_work();
        if (batch != NULL) {
            run_job(batch);
        } else {
            pool.idle_count++;
            pthread_cond_wait(&pool.work, &pool.lock);
            pool.idle_count--;
        }
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

static void end_threads(void) {
    pthread_mutex_lock(&pool.lock);
    uint32_t count = pool.thread_count;
    pool.ending = true;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    for (uint32_t index = 0; index < count; index++) {
        pthread_join(pool.threads[index], NULL);
    }
    pthread_mutex_lock(&pool.lock);
    pool.thread_count = 0;
    pool.ending = false;
    pthread_mutex_unlock(&pool.lock);
}

/** As many as there are cores: what is handed over may need all of them. */
static bool start_threads(void) {
    for (uint32_t index = 0; index < pf_pool_width(); index++) {
        if (pf_thread_start(&pool.threads[index], "pf-encode", work, NULL) != 0) {
            end_threads();
            return false;
        }
        pthread_mutex_lock(&pool.lock);
        pool.thread_count++;
        pthread_mutex_unlock(&pool.lock);
    }
    return true;
}

bool pf_pool_acquire(void) {
    pthread_mutex_lock(&pool.membership);
    bool ready = pool.member_count > 0 || start_threads();
    if (ready) {
        pool.member_count++;
    }
    pthread_mutex_unlock(&pool.membership);
    return ready;
}

void pf_pool_release(void) {
    pthread_mutex_lock(&pool.membership);
    if (--pool.member_count == 0) {
        end_threads();
    }
    pthread_mutex_unlock(&pool.membership);
}

void pf_pool_begin(pf_batch *batch, pf_job_run run, void *context) {
    *batch = (pf_batch){.run = run, .context = context};
    pthread_mutex_lock(&pool.lock);
    batch->next = pool.batches;
    pool.batches = batch;
    pthread_mutex_unlock(&pool.lock);
}

static uint32_t least(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

/** Wakes as many, where so many are idle. Under the lock. */
static void wake_helpers(uint32_t count) {
    for (count = least(count, pool.idle_count); count > 0; count--) {
        pthread_cond_signal(&pool.work);
    }
}

void pf_pool_publish(pf_batch *batch, uint32_t count) {
    pthread_mutex_lock(&pool.lock);
    batch->published += count;
    /* The caller, who will work too, is one of as many as there are cores. */
    uint32_t workers = least(batch->published - batch->taken, pool.thread_count);
    wake_helpers(workers > 0 ? workers - 1 : 0);
    pthread_mutex_unlock(&pool.lock);
}

/** Does what nobody has taken. Under the lock, which is open meanwhile. */
static void work_on(pf_batch *batch) {
    while (batch->taken < batch->published) {
        run_job(batch);
    }
}

void pf_pool_hand_over(pf_batch *batch, uint32_t count) {
    pthread_mutex_lock(&pool.lock);
    batch->published += count;
    wake_helpers(count);
    pthread_mutex_unlock(&pool.lock);
}

static void remove_batch(const pf_batch *batch) {
    pf_batch **link = &pool.batches;
    while (*link != batch) {
        link = &(*link)->next;
    }
    *link = batch->next;
}

void pf_pool_finish(pf_batch *batch) {
    pthread_mutex_lock(&pool.lock);
    work_on(batch);
    while (batch->finished < batch->published) {
        pthread_cond_wait(&pool.done, &pool.lock);
    }
    remove_batch(batch);
    pthread_mutex_unlock(&pool.lock);
}

uint32_t pf_pool_thread_count(void) {
    pthread_mutex_lock(&pool.lock);
    uint32_t count = pool.thread_count;
    pthread_mutex_unlock(&pool.lock);
    return count;
}
