#pragma once
#include <cofila/repository/job_repository.hpp>

#include <optional>
#include <string>
#include <vector>

/// What repositories answer, as text: two answers are the same if their texts are. Keys, positions and cursors are a
/// repository's own; everything else must be the same.
namespace cofila::test {

std::string text(const std::optional<time_point>& at);
std::string text(job_record job);
std::string text(const job_snapshot& job);
std::string text(const std::string& what, const std::vector<job_snapshot>& jobs);
std::string text(const std::string& what, const std::vector<job_id>& jobs);
std::string text(const std::vector<std::string>& items);
std::string text(const added_row& row);
std::string text(const job_news& news);
std::string text(const news_list& news);
std::string text(const add_answer& answer);
std::string text(const queue_settings& settings);
std::string text(const job_situation& situation);
std::string text(const event_log_state& state);
/// Those of one operation may come in any order.
std::string text(const std::vector<logged_event>& events);
std::string text(const queue_metrics& metrics);
std::string text(const change_answer& answer);
std::string text(const changed_page& page);
std::string text(const settle_and_claim_answer& answer);
std::string text(const std::vector<renewal>& answers);
std::string text(const std::vector<std::optional<std::string>>& cancellations);
std::string text(const std::string& what, const fenced_write& answer);
/// A sweep may go through the queues in any order.
std::string text(const sweep_answer& answer);

}  // namespace cofila::test
