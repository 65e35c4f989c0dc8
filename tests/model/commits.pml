/* Group commit: callers hand operations to the database thread, which runs them in batches of one transaction each. An
   operation or the commit may fail, the commit's outcome may be unknown, and the process may die at any moment.

   What a caller was told must be so in the file. Each BUG_... is a mistake that must be found. */

#define OPERATIONS 3
#define FAILURES 2   /* in all: bounds what is looked at */

mtype = { unanswered, done, refused, unknown };

mtype answer[OPERATIONS] = unanswered;
bool submitted[OPERATIONS];
byte in_file[OPERATIONS];      /* how often the operation's change is in the file */
byte in_transaction[OPERATIONS];
byte failures = 0;
bool dead = false;

active [OPERATIONS] proctype caller() {
    if
    :: atomic { !dead -> submitted[_pid] = true }
    :: dead
    fi;
    if
    :: answer[_pid] != unanswered
    :: dead
    fi;
    assert(answer[_pid] != done || in_file[_pid] == 1);    /* acknowledged: in a committed batch, once */
    assert(answer[_pid] != refused || in_file[_pid] == 0)  /* refused: nothing of it */
}

/* Of each operation of the batch, or of all. */
inline take() {
    i = 0;
    do
    :: i < OPERATIONS -> batch[i] = submitted[i] && answer[i] == unanswered; i++
    :: else -> break
    od;
    i = 0
}

inline forget() {
    i = 0;
    do
    :: i < OPERATIONS -> in_transaction[i] = 0; i++
    :: else -> break
    od;
    i = 0
}

inline store() {
    i = 0;
    do
    :: i < OPERATIONS -> in_file[i] = in_file[i] + in_transaction[i]; in_transaction[i] = 0; i++
    :: else -> break
    od;
    i = 0
}

inline tell(what) {
    i = 0;
    do
    :: i < OPERATIONS && batch[i] -> answer[i] = what; i++
    :: i < OPERATIONS && !batch[i] -> i++
    :: else -> break
    od;
    i = 0
}

active proctype database() {
    bool batch[OPERATIONS];
    byte i = 0;
collect:
    if
    :: atomic { !dead -> take() }
    :: dead -> goto end
    fi;
again:
    atomic { forget() };
#ifdef BUG_TELL_BEFORE_COMMIT
    atomic { tell(done) };
#endif
    i = 0;
    do
    :: dead -> goto end
    :: !dead && i < OPERATIONS && !batch[i] -> i++
    :: !dead && i < OPERATIONS && batch[i] ->
        if
        :: atomic { in_transaction[i] = in_transaction[i] + 1; i++ }
        :: atomic { failures < FAILURES -> /* SQLite rolls everything back: the others once more, without this one */
               failures++;
               batch[i] = false;
#ifndef BUG_REFUSED_IS_DONE
               answer[i] = refused;
#else
               answer[i] = done;
#endif
               i = 0
           };
#ifdef BUG_NO_ROLLBACK
           goto again_without_forgetting
#else
           goto again
#endif
        fi
    :: !dead && i >= OPERATIONS -> break
    od;
    if
    :: dead -> goto end
    :: atomic { !dead -> store() };
       if
       :: atomic { !dead -> tell(done) }
       :: dead -> goto end
       fi
    :: atomic { !dead && failures < FAILURES -> failures++; forget() }; /* refused as a whole */
#ifdef BUG_FAILED_BATCH_IS_DONE
       atomic { tell(done) }
#else
       atomic { tell(refused) }
#endif
    :: atomic { !dead && failures < FAILURES -> failures++; /* fsync failed: in the file, or not */
           if
           :: store()
           :: forget()
           fi
       };
#ifdef BUG_UNKNOWN_IS_REFUSED
       atomic { tell(refused) }
#else
       atomic { tell(unknown) }
#endif
    fi;
    goto collect;
#ifdef BUG_NO_ROLLBACK
again_without_forgetting:
    i = 0;
    do
    :: i < OPERATIONS -> if :: batch[i] -> in_transaction[i] = in_transaction[i] + 1 :: else -> skip fi; i++
    :: else -> break
    od;
    atomic { store() };
    atomic { tell(done) };
    goto collect;
#endif
end:
    skip
}

/* kill -9; what is in no committed transaction is gone. */
active proctype death() {
    byte i = 0;
    atomic { dead = true; forget() }
}
