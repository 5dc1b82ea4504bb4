// What `atrous tune` prints.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "compiler/tuning/tune.h"

namespace atrous {

std::string news_text(const TuneNews& news, double seconds_left);  // one line, while it searches
std::string tune_text(const TuneResult& result);
nlohmann::ordered_json tune_json(const TuneResult& result);
std::string replay_text(const Replay& replay);
nlohmann::ordered_json replay_json(const Replay& replay);

}  // namespace atrous
