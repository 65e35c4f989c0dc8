#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "stage.hpp"

namespace cofila::test {

/// The first value of what SQL returns, as text.
std::string ask_server(const std::string& target, const std::string& sql);

/// A new database of a server, with the trail of all changes.
class postgres_site final : public stage {
public:
    /// `server` names a database in which others can be made.
    explicit postgres_site(std::string server);
    /// The same database on several servers, of which one can be written to.
    void move_to(const std::string& server) { server_ = server; }

    const std::string& name() const { return name_; }
    std::vector<std::string> as(const std::string& role, const std::vector<std::string>& rest = {}) const override;
    bool is_paused() const override;
    store_contents contents() const override;

    std::string ask(const std::string& sql) const { return ask_server(target(), sql); }

private:
    std::string target() const;

    std::string server_;
    const std::string name_;
};

}  // namespace cofila::test
