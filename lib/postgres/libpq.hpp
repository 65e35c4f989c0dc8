#pragma once
// libpq, loaded when a database on PostgreSQL is opened first: it brings 15 libraries along, which programs that open
// files only would load at each start, and need not be installed for them. A function of libpq is an object of the same
// name here, which hides it in this namespace; sources of lib/postgres include this header in place of libpq's own.
#include <libpq-fe.h>

#include <atomic>

namespace cofila::postgres {

/// The address of a function of libpq. Throws `errc::invalid_argument`, field `database`, where libpq is not installed.
void* address_in_libpq(const char* function);

template <class Signature>
class libpq_function;

template <class Result, class... Arguments>
class libpq_function<Result(Arguments...)> {
public:
    explicit constexpr libpq_function(const char* name) noexcept : name_{name} {}

    Result operator()(Arguments... arguments) const
    {
        auto* address = address_.load(std::memory_order_relaxed);
        if (!address)
            address_ = address = address_in_libpq(name_);
        return reinterpret_cast<Result (*)(Arguments...)>(address)(arguments...);
    }

private:
    const char* name_;
    mutable std::atomic<void*> address_{nullptr};
};

// NOLINTBEGIN(bugprone-macro-parentheses, *-identifier-naming): the names are libpq's
#define COFILA_FROM_LIBPQ(name)                                                                                        \
    inline constinit libpq_function<decltype(::name)> name { #name }
COFILA_FROM_LIBPQ(PQbackendPID);
COFILA_FROM_LIBPQ(PQclear);
COFILA_FROM_LIBPQ(PQcmdStatus);
COFILA_FROM_LIBPQ(PQcmdTuples);
COFILA_FROM_LIBPQ(PQconnectPoll);
COFILA_FROM_LIBPQ(PQconnectStartParams);
COFILA_FROM_LIBPQ(PQconninfoFree);
COFILA_FROM_LIBPQ(PQconninfoParse);
COFILA_FROM_LIBPQ(PQconsumeInput);
COFILA_FROM_LIBPQ(PQdb);
COFILA_FROM_LIBPQ(PQenterPipelineMode);
COFILA_FROM_LIBPQ(PQerrorMessage);
COFILA_FROM_LIBPQ(PQexecParams);
COFILA_FROM_LIBPQ(PQexitPipelineMode);
COFILA_FROM_LIBPQ(PQfinish);
COFILA_FROM_LIBPQ(PQflush);
COFILA_FROM_LIBPQ(PQfreemem);
COFILA_FROM_LIBPQ(PQgetResult);
COFILA_FROM_LIBPQ(PQgetisnull);
COFILA_FROM_LIBPQ(PQgetlength);
COFILA_FROM_LIBPQ(PQgetvalue);
COFILA_FROM_LIBPQ(PQhost);
COFILA_FROM_LIBPQ(PQisBusy);
COFILA_FROM_LIBPQ(PQmakeEmptyPGresult);
COFILA_FROM_LIBPQ(PQnotifies);
COFILA_FROM_LIBPQ(PQntuples);
COFILA_FROM_LIBPQ(PQparameterStatus);
COFILA_FROM_LIBPQ(PQpipelineStatus);
COFILA_FROM_LIBPQ(PQpipelineSync);
COFILA_FROM_LIBPQ(PQport);
COFILA_FROM_LIBPQ(PQresultErrorField);
COFILA_FROM_LIBPQ(PQresultErrorMessage);
COFILA_FROM_LIBPQ(PQresultStatus);
COFILA_FROM_LIBPQ(PQsendPrepare);
COFILA_FROM_LIBPQ(PQsendQuery);
COFILA_FROM_LIBPQ(PQsendQueryParams);
COFILA_FROM_LIBPQ(PQsendQueryPrepared);
COFILA_FROM_LIBPQ(PQserverVersion);
COFILA_FROM_LIBPQ(PQsetErrorVerbosity);
COFILA_FROM_LIBPQ(PQsetNoticeReceiver);
COFILA_FROM_LIBPQ(PQsetResultAttrs);
COFILA_FROM_LIBPQ(PQsetnonblocking);
COFILA_FROM_LIBPQ(PQsetvalue);
COFILA_FROM_LIBPQ(PQsocket);
COFILA_FROM_LIBPQ(PQstatus);
COFILA_FROM_LIBPQ(PQtransactionStatus);
#undef COFILA_FROM_LIBPQ
// NOLINTEND(bugprone-macro-parentheses, *-identifier-naming)

}  // namespace cofila::postgres
