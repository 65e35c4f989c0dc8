/* The life of jobs under several workers and a sweeper: claim, renew, settle, rescue; with workers that die, locks that
   lapse at any moment and answers of the store that are lost. Spin looks at every interleaving.

   Assertions carry the names of docs/reliability.md. Each BUG_... is a mistake that one of them must find. */

#ifndef JOBS
#define JOBS 2
#endif
#define WORKERS 2
#define ATTEMPTS 2   /* job_options::attempts */
#define STALLS 1     /* job_options::max_stalled_count */
#define RENEWALS 1   /* in one attempt: a processor with a time-out ends */
#ifndef DEATHS
#define DEATHS 1     /* of workers, in all */
#endif
#ifndef LOST
#define LOST 1       /* answers of the store, in all */
#endif
#define CLAIMS 8     /* more than any job can have */

mtype = { WAITING, ACTIVE, COMPLETED, FAILED };

typedef job {
    mtype state;
    byte token;      /* of the lock; 0: rescued, nobody's */
    bool locked;     /* the lock has not run out */
    byte started;    /* claims; also the source of new tokens */
    byte made;
    byte stalls;
    byte accepted[CLAIMS] /* settlements, for each token */
};

job jobs[JOBS];
byte deaths = 0;
byte lost = 0;

#define is_final(j) (jobs[j].state == COMPLETED || jobs[j].state == FAILED)
#define all_final (is_final(0) && is_final(JOBS - 1))
#define holds(j, t) (jobs[j].state == ACTIVE && jobs[j].token == t)

inline check_counters(j) {
    assert(jobs[j].made <= ATTEMPTS);              /* I4 */
    assert(jobs[j].stalls <= STALLS + 1);          /* I4, I5 */
    assert(jobs[j].started >= jobs[j].made + jobs[j].stalls + (jobs[j].state == ACTIVE -> 1 : 0)) /* I4 */
}

inline claim(j) {
    jobs[j].state = ACTIVE;
    jobs[j].started++;
    assert(jobs[j].started < CLAIMS);
#ifndef BUG_SAME_TOKEN
    jobs[j].token = jobs[j].started;
#else
    jobs[j].token = 1;
#endif
    assert(jobs[j].accepted[jobs[j].token] == 0);  /* I6: a token is new */
    jobs[j].locked = true;
    mine = j;
    token = jobs[j].token;
    renewals = 0;
    check_counters(j)
}

inline renew() {
    if
#ifdef BUG_RENEW_WITHOUT_TOKEN
    :: jobs[mine].state == ACTIVE ->
#else
    :: holds(mine, token) ->
#endif
        assert(holds(mine, token));                /* I14 */
        jobs[mine].locked = true
    :: else -> skip /* lost: the processor is cancelled, or told too late */
    fi
}

inline settle() {
    if
#ifdef BUG_SETTLE_WITHOUT_TOKEN
    :: jobs[mine].state == ACTIVE ->
#elif defined(BUG_SETTLE_WITHOUT_STATE)
    :: jobs[mine].token == token ->
#else
    :: holds(mine, token) ->
#endif
        assert(jobs[mine].token == token);         /* I11: fenced */
        jobs[mine].accepted[token]++;
        assert(jobs[mine].accepted[token] == 1);   /* I11: one outcome for each token */
        jobs[mine].made++;
        jobs[mine].locked = false;
        if
        :: success -> jobs[mine].state = COMPLETED
#ifdef BUG_ATTEMPTS_UNBOUNDED
        :: !success -> jobs[mine].state = WAITING
#else
        :: !success && jobs[mine].made < ATTEMPTS -> jobs[mine].state = WAITING
        :: !success && jobs[mine].made >= ATTEMPTS -> jobs[mine].state = FAILED
#endif
        fi;
        check_counters(mine)
    :: else -> skip /* lost, or done before the answer was lost: nothing is changed */
    fi
}

active [WORKERS] proctype worker() {
    byte mine = 0, token = 0, renewals = 0;
    bool success = false;
idle:
    if
    :: atomic { jobs[0].state == WAITING -> claim(0) }
    :: atomic { jobs[0].state != WAITING && jobs[JOBS - 1].state == WAITING -> claim(JOBS - 1) }
    :: all_final -> goto end
    fi;
running:
    if
#ifdef BUG_NO_TIMEOUT
    :: atomic { true -> renew() }; goto running
#else
    :: atomic { renewals < RENEWALS -> renewals++; renew() }; goto running
#endif
    :: atomic { deaths < DEATHS -> deaths++; mine = 0; token = 0 }; goto idle /* kill -9, and started again */
    :: success = true
    :: success = false
    fi;
settling:
    atomic { settle() };
    if
    :: atomic { lost < LOST -> lost++ }; goto settling /* the outcome is unknown: said once more */
    :: atomic { success = false; mine = 0; token = 0; renewals = 0 }; goto idle
    fi;
end:
    skip
}

/* Time: a pause, a clock that jumps, a renewal that comes too late. */
active proctype lapse() {
    do
    :: jobs[0].locked -> jobs[0].locked = false
    :: jobs[JOBS - 1].locked -> jobs[JOBS - 1].locked = false
    :: all_final -> break
    od
}

inline rescue(j) {
    if
#ifdef BUG_RESCUE_UNSEEN
    :: jobs[j].state == ACTIVE ->
#else
    :: holds(j, seen) && !jobs[j].locked ->
#endif
        assert(jobs[j].token == seen);             /* I15: that lock, and no newer one */
        assert(!jobs[j].locked);                   /* I15: not renewed meanwhile */
        jobs[j].token = 0;
#ifndef BUG_STALLS_UNCOUNTED
        jobs[j].stalls++;
#endif
        if
        :: jobs[j].stalls > STALLS -> jobs[j].state = FAILED
        :: else -> jobs[j].state = WAITING
        fi;
        check_counters(j)
    :: else -> skip
    fi
}

/* Looks first and rescues later, in another transaction. */
active proctype sweeper() {
    byte at = 0, seen = 0;
    do
    :: all_final -> break
    :: else ->
        if
        :: atomic { jobs[at].state == ACTIVE && !jobs[at].locked -> seen = jobs[at].token };
           atomic { rescue(at); seen = 0 }
        :: !(jobs[at].state == ACTIVE && !jobs[at].locked) -> skip
        fi;
        atomic { at = (at + 1) % JOBS }
    od
}

init { atomic { jobs[0].state = WAITING; jobs[JOBS - 1].state = WAITING } }

/* Every job ends, as long as every process gets its turn. */
ltl ends { <> all_final }
