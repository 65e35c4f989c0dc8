#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "postgres/address.hpp"
#include "postgres/link.hpp"

/// With what a connection is made, and what is set on it.
namespace cofila::postgres {

/// Keywords of libpq. The user's string overrides those before it, and is overridden by those behind it.
struct keywords {
    std::vector<const char*> names{};
    std::vector<const char*> values{};

    void add(const char* name, const char* value)
    {
        names.push_back(name);
        values.push_back(value);
    }
};

inline keywords to_connect(const std::string& target)
{
    keywords out;
    out.add("fallback_application_name", "cofila");
    out.add("keepalives_idle", "10");
    out.add("keepalives_interval", "5");
    out.add("keepalives_count", "3");
    out.add("tcp_user_timeout", "15000");
    if (names_several_hosts(target))
        out.add("target_session_attrs", "read-write");
    out.add("dbname", target.c_str());
    out.add("client_encoding", "UTF8");
    out.add(nullptr, nullptr);
    return out;
}

/// The server's settings have 31 bits.
inline std::string in_milliseconds(milliseconds time)
{
    constexpr milliseconds::rep most = std::numeric_limits<std::int32_t>::max();
    return std::to_string(std::min(time.count(), most)) + "ms";
}

/// Sizes of the small tables change within milliseconds, and no statistics follow: a plan is made once, and goes by the
/// indexes.
inline constexpr const char* plan_settings =
    "('plan_cache_mode', 'force_generic_plan'), ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), "
    "('enable_mergejoin', 'off'), ('enable_material', 'off'), ('enable_bitmapscan', 'off'), "
    "('max_parallel_workers_per_gather', '0'), ('jit', 'off'), ";

/// A role or a database may ask for more than we do.
inline std::string synchronous_commit(durability kind)
{
    return std::string{"CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE '"} +
           (kind == durability::full ? "on" : "off") + "' END";
}

/// Sets what every statement relies on. `locally`: until the transaction ends.
inline std::string settings_command(const link_options& options, int version, bool locally)
{
    const auto limit = in_milliseconds(options.operation_deadline);
    std::string out{"SELECT set_config(name, value, "};
    out += locally ? "true" : "false";
    out += ") FROM (VALUES ";
    out += plan_settings;
    out += "('search_path', ''), ('bytea_output', 'hex'), ('default_transaction_isolation', 'read committed'), "
           "('idle_in_transaction_session_timeout', '10s'), ";
    if (!locally)
        out += "('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3'), "
               "('tcp_user_timeout', '15s'), ";
    if (version >= 170000)
        out += "('transaction_timeout', '30s'), ";
    out += "('synchronous_commit', " + synchronous_commit(options.durability) + "), ";
    out += "('lock_timeout', '" + limit + "'), ('statement_timeout', '" + limit + "')) AS s (name, value)";
    return out;
}

}  // namespace cofila::postgres
