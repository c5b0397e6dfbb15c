#include "base/metrics.hpp"

#include <algorithm>
#include <cmath>

#include "base/append_number.hpp"
#include "base/check.hpp"

namespace base {
namespace {

constexpr std::size_t kMaxSeries = 256;  // per family; labels are closed lists, so more is a programming error
constexpr double kFineParts = 1e9;       // of a second: nanoseconds; the sum lasts for 584 years of observed time
constexpr double kCoarseParts = 1e3;     // for waits of days by the million
constexpr double kFineUpTo = 3600;       // the last bound of a histogram whose sum is kept in fine parts

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

/// `a="1",b="2"`, without braces.
std::string label_text(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text += name;
    text += "=\"";
    append_escaped(text, value, true);
    text += '"';
  }
  return text;
}

void append_name(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                 std::string_view bound = {}) {
  out += name;
  out += suffix;
  if (!labels.empty() || !bound.empty()) {
    out += '{';
    out += labels;
    if (!bound.empty()) {
      if (!labels.empty()) out += ',';
      out += "le=\"";
      out += bound;
      out += '"';
    }
    out += '}';
  }
  out += ' ';
}

}  // namespace

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)),
      parts_(bounds.empty() || bounds.back() <= kFineUpTo ? kFineParts : kCoarseParts) {
  CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::observe(double value) noexcept {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  const double parts = std::max(0.0, value) * parts_;
  sum_parts_.fetch_add(static_cast<std::uint64_t>(parts), std::memory_order_relaxed);
}

std::uint64_t Histogram::cumulative(std::size_t index) const noexcept {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= index && i <= bounds_.size(); ++i) total += buckets_[i].load(std::memory_order_relaxed);
  return total;
}

std::uint64_t Histogram::count() const noexcept {
  return cumulative(bounds_.size());
}

double Histogram::sum() const noexcept {
  return static_cast<double>(sum_parts_.load(std::memory_order_relaxed)) / parts_;
}

struct Registry::Series {
  std::string labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  Function<double()> sample;

  void render(std::string& out, std::string_view name);
};

struct Registry::Family {
  std::string name;
  std::string help;
  std::string type;
  std::vector<std::unique_ptr<Series>> series;
};

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Series& Registry::series(std::string_view name, std::string_view help, std::string_view type,
                                   const Labels& labels) {
  auto family = std::find_if(families_.begin(), families_.end(), [&](const auto& f) { return f->name == name; });
  if (family == families_.end()) {
    families_.push_back(std::make_unique<Family>());
    family = families_.end() - 1;
    (*family)->name = name;
    (*family)->help = help;
    (*family)->type = type;
  }
  CHECK((*family)->type == type);
  auto text = label_text(labels);
  for (const auto& known : (*family)->series) {
    if (known->labels == text) return *known;
  }
  CHECK((*family)->series.size() < kMaxSeries);
  (*family)->series.push_back(std::make_unique<Series>());
  (*family)->series.back()->labels = std::move(text);
  return *(*family)->series.back();
}

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& one = series(name, help, "counter", labels);
  if (!one.counter) one.counter = std::make_unique<Counter>();
  return *one.counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& one = series(name, help, "gauge", labels);
  if (!one.gauge) one.gauge = std::make_unique<Gauge>();
  return *one.gauge;
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                               const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& one = series(name, help, "histogram", labels);
  if (!one.histogram) one.histogram = std::make_unique<Histogram>(bounds);
  return *one.histogram;
}

void Registry::sampled(std::string_view name, std::string_view help, const Labels& labels, Function<double()> sample) {
  const std::lock_guard lock(mutex_);
  series(name, help, "gauge", labels).sample = std::move(sample);
}

void Registry::sampled_counter(std::string_view name, std::string_view help, const Labels& labels,
                               Function<double()> sample) {
  const std::lock_guard lock(mutex_);
  series(name, help, "counter", labels).sample = std::move(sample);
}

void Registry::Series::render(std::string& out, std::string_view name) {
  if (counter) {
    append_name(out, name, "", labels);
    append_number(out, counter->value());
    out += '\n';
  }
  if (gauge || sample) {
    append_name(out, name, "", labels);
    append_number(out, sample ? sample() : static_cast<double>(gauge->value()));
    out += '\n';
  }
  if (!histogram) return;
  // The count is the last bucket as read here, so that the two always agree.
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= histogram->bounds().size(); ++i) {
    std::string bound = "+Inf";
    if (i < histogram->bounds().size()) {
      bound.clear();
      append_number(bound, histogram->bounds()[i]);
    }
    total = std::max(total, histogram->cumulative(i));
    append_name(out, name, "_bucket", labels, bound);
    append_number(out, total);
    out += '\n';
  }
  append_name(out, name, "_sum", labels);
  append_number(out, histogram->sum());
  out += '\n';
  append_name(out, name, "_count", labels);
  append_number(out, total);
  out += '\n';
}

std::string Registry::render() {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& family : families_) {
    out += "# HELP " + family->name + ' ';
    append_escaped(out, family->help, false);
    out += "\n# TYPE " + family->name + ' ' + family->type + '\n';
    for (const auto& one : family->series) one->render(out, family->name);
  }
  return out;
}

}  // namespace base
