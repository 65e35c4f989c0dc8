#pragma once
#include <cofila/queue_types.hpp>

#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace cofila::memory {

/// Fills a page from rows, and from further rows after them.
template <class Item>
class pager {
public:
    /// Examines at most `most` rows.
    explicit pager(const page_request& request, int most = std::numeric_limits<int>::max())
        : request_{request},
          left_{most}
    {}

    page<Item> out{};

    /// Goes through the rows of a map behind `after`, if it is set. `show` adds a row to the page if it is to be shown,
    /// and returns false if no row behind it needs to be examined; `cursor` names a row. Returns false if the page ends
    /// here.
    template <class Rows, class Show, class Cursor>
    bool add(const Rows& rows, const std::optional<typename Rows::key_type>& after, Show show, Cursor cursor)
    {
        if (!request_.newest_first)
            return walk(after ? rows.upper_bound(*after) : rows.begin(), rows.end(), show, cursor);
        const auto from = after ? rows.lower_bound(*after) : rows.end();
        return walk(std::make_reverse_iterator(from), rows.rend(), show, cursor);
    }

private:
    template <class Iterator, class Show, class Cursor>
    bool walk(Iterator row, Iterator last, Show show, Cursor cursor)
    {
        for (; row != last; ++row, --left_) {
            if (static_cast<int>(out.items.size()) == request_.limit || left_ == 0) {
                out.next = std::move(last_);
                return false;
            }
            if (!show(*row))
                break;
            last_ = cursor(*row);
        }
        return true;
    }

    const page_request& request_;
    int left_;
    std::string last_{};  // the cursor of the last row examined
};

}  // namespace cofila::memory
