#include "sim/scenario/life.hpp"

#include <array>

namespace flotilla::sim {

namespace {

constexpr std::array<std::pair<WeightsFrom, std::string_view>, 3> kWeightsFrom{
    {{WeightsFrom::kNowhere, "nowhere"}, {WeightsFrom::kStorage, "storage"}, {WeightsFrom::kHost, "host"}}};
constexpr std::array<std::pair<ScalePolicy, std::string_view>, 6> kPolicies{
    {{ScalePolicy::kConcurrency, "concurrency"},
     {ScalePolicy::kQueueLength, "queue_length"},
     {ScalePolicy::kKvUsage, "kv_usage"},
     {ScalePolicy::kTtft, "ttft"},
     {ScalePolicy::kScheduled, "scheduled"},
     {ScalePolicy::kPredictive, "predictive"}}};
constexpr std::array<std::pair<OnFailure, std::string_view>, 2> kOnFailure{
    {{OnFailure::kReroute, "reroute"}, {OnFailure::kFail, "fail"}}};

const char* const kComponents =
    "its name as `flotilla show topology` has it: a GPU (chat/node0/gpu3), a node, a rack (chat/rack0), an NVSwitch, a "
    "NIC, a leaf or spine (fabric/rail0/leaf0), a link (its two ends with -- between)";

void check_slower(const reader::Node& node, double bandwidth, double notice) {
  if (bandwidth > 0 && notice > 0)
    node.at("notice").fail("what is only slower gives no notice", "leave out notice or bandwidth");
}

}  // namespace

std::span<const std::pair<WeightsFrom, std::string_view>> enum_names(WeightsFrom) { return kWeightsFrom; }
std::span<const std::pair<ScalePolicy, std::string_view>> enum_names(ScalePolicy) { return kPolicies; }
std::span<const std::pair<OnFailure, std::string_view>> enum_names(OnFailure) { return kOnFailure; }

const reader::Schema<StorageSpec>& StorageSpec::schema() {
  static const auto schema =
      reader::Schema<StorageSpec>("storage", "Servers on the fabric that weights, images and offloaded KV are loaded from")
          .key("servers", &StorageSpec::servers, "how many; GPUs are spread over them evenly", {.min = 1, .max = 1e4})
          .key("bandwidth", &StorageSpec::bandwidth, "of each: what it reads and what its NIC sends, the lesser",
               {.min = 0, .above_min = true, .required = true});
  return schema;
}

const reader::Schema<StartupSpec>& StartupSpec::schema() {
  static const auto schema =
      reader::Schema<StartupSpec>("startup", "What a replica that starts waits for, one after the other")
          .key("provisioning", &StartupSpec::provisioning,
               "from the order for GPUs until they are there; a repaired or upgraded replica has them", {.min = 0})
          .key("image", &StartupSpec::image, "container image, from storage to the host, with provisioning only",
               {.min = 0})
          .key("weights_from", &StartupSpec::weights_from,
               "storage: over the fabric, sharing its links with all else; host: from the host's memory; nowhere: they "
               "are there at once",
               {.default_text = "storage where the fleet has one, else nowhere"})
          .key("engine_start", &StartupSpec::engine_start,
               "once weights are there: compiling, capturing graphs, warming up", {.min = 0});
  return schema;
}

const reader::Schema<ScheduledReplicas>& ScheduledReplicas::schema() {
  static const auto schema =
      reader::Schema<ScheduledReplicas>("scheduled_replicas", "A number of replicas from a time on")
          .key("at", &ScheduledReplicas::at, "within the period", {.min = 0, .required = true})
          .key("replicas", &ScheduledReplicas::replicas, "how many there shall be",
               {.min = 0, .max = 1e6, .required = true});
  return schema;
}

const reader::Schema<AutoscaleSpec>& AutoscaleSpec::schema() {
  static const auto schema =
      reader::Schema<AutoscaleSpec>("autoscale", "Replicas that come and go with the load")
          .key("policy", &AutoscaleSpec::policy,
               "concurrency: requests in each replica; queue_length: those of them that no step has taken yet; "
               "kv_usage: share of KV memory in use; ttft: mean TTFT since the last look; scheduled; predictive: "
               "arrivals per second of each replica, as their trend will have them")
          .key("min_replicas", &AutoscaleSpec::min_replicas, "at least", {.min = 0, .max = 1e6})
          .key("max_replicas", &AutoscaleSpec::max_replicas, "at most",
               {.min = 1, .max = 1e6, .default_text = "as many as fit"})
          .key("target", &AutoscaleSpec::target, "what each replica shall have of what the policy looks at",
               {.min = 0, .above_min = true})
          .key("target_ttft", &AutoscaleSpec::target_ttft, "the same for policy ttft", {.min = 0, .above_min = true})
          .key("interval", &AutoscaleSpec::interval, "between looks", {.min = 0, .above_min = true})
          .key("stabilization", &AutoscaleSpec::stabilization,
               "replicas go only if the most that was wanted for so long is less", {.min = 0})
          .key("tolerance", &AutoscaleSpec::tolerance, "nothing changes while the ratio to the target is so near to 1",
               {.min = 0, .max = 1})
          .key("warm_spares", &AutoscaleSpec::warm_spares,
               "replicas that have started and are paid for, but take requests only when more are wanted",
               {.min = 0, .max = 1e6})
          .key("schedule", &AutoscaleSpec::schedule, "for policy scheduled: from when on how many")
          .key("period", &AutoscaleSpec::period, "after which the schedule begins anew", {.min = 0, .above_min = true})
          .key("lookahead", &AutoscaleSpec::lookahead, "for policy predictive: how far the trend is drawn out",
               {.min = 0})
          .check([](const AutoscaleSpec& spec, const reader::Node& node) {
            if (spec.policy == ScalePolicy::kScheduled && spec.schedule.empty())
              node.fail("a schedule is missing", "schedule: [{at: 7h, replicas: 8}, {at: 20h, replicas: 3}]");
            const bool by_ttft = spec.policy == ScalePolicy::kTtft;
            if (by_ttft && !spec.target_ttft) node.fail("policy ttft needs target_ttft", "target_ttft: 500ms");
            if (!by_ttft && spec.policy != ScalePolicy::kScheduled && !spec.target)
              node.fail("what shall each replica have? target is missing", "for concurrency: 32 requests, say");
            if (spec.max_replicas && *spec.max_replicas < spec.min_replicas)
              node.at("max_replicas").fail("max_replicas is less than min_replicas", "swap them");
          });
  return schema;
}

const reader::Schema<FaultEventSpec>& FaultEventSpec::schema() {
  static const auto schema =
      reader::Schema<FaultEventSpec>("fault_event", "A part that fails at a stated time")
          .key("at", &FaultEventSpec::at, "when, from the start of the run", {.min = 0, .required = true})
          .key("component", &FaultEventSpec::component, kComponents, {.required = true})
          .key("repair_after", &FaultEventSpec::repair_after, "how long it is gone",
               {.min = 0, .above_min = true, .default_text = "for good"})
          .key("notice", &FaultEventSpec::notice,
               "so long before it is announced (spot capacity): replicas take no more requests", {.min = 0})
          .key("bandwidth", &FaultEventSpec::bandwidth,
               "0: it is gone; else the share of its links' bandwidth that is left", {.min = 0, .max = 1})
          .check([](const FaultEventSpec& spec, const reader::Node& node) {
            check_slower(node, spec.bandwidth, spec.notice.value());
          });
  return schema;
}

const reader::Schema<RandomFaultSpec>& RandomFaultSpec::schema() {
  static const auto schema =
      reader::Schema<RandomFaultSpec>("random_fault", "Parts of one kind that fail at random, each for itself")
          .key("component", &RandomFaultSpec::component,
               "gpu, node, nvswitch, domain (node or rack), nic, link, leaf or spine",
               {.required = true,
                .choices =
                    [] {
                      return std::vector<std::string>{"gpu", "node", "nvswitch", "domain",
                                                      "nic", "link", "leaf",     "spine"};
                    }})
          .key("pool", &RandomFaultSpec::pool, "only those of this pool", {.default_text = "all"})
          .key("mtbf", &RandomFaultSpec::mtbf, "mean time of one part between its repair and its next failure",
               {.min = 0, .above_min = true, .required = true})
          .key("mttr", &RandomFaultSpec::mttr, "mean time to repair", {.min = 0, .above_min = true, .required = true})
          .key("notice", &RandomFaultSpec::notice, "as of a fault at a stated time", {.min = 0})
          .key("bandwidth", &RandomFaultSpec::bandwidth, "as of a fault at a stated time", {.min = 0, .max = 1})
          .check([](const RandomFaultSpec& spec, const reader::Node& node) {
            check_slower(node, spec.bandwidth, spec.notice.value());
          });
  return schema;
}

const reader::Schema<FaultsSpec>& FaultsSpec::schema() {
  static const auto schema =
      reader::Schema<FaultsSpec>("faults", "What breaks, when, and what becomes of its requests")
          .key(
              "on_failure", &FaultsSpec::on_failure,
              "of requests whose replica is lost. reroute: they go to another one, which computes prompt and answer so "
              "far anew; fail: their clients get an error")
          .key("detection", &FaultsSpec::detection, "until they are sent again", {.min = 0})
          .key("events", &FaultsSpec::events, "at stated times")
          .key("random", &FaultsSpec::random, "at random: exponential times between failures, and to repair");
  return schema;
}

const reader::Schema<UpgradeSpec>& UpgradeSpec::schema() {
  static const auto schema =
      reader::Schema<UpgradeSpec>("upgrade", "Replicas that are restarted a few at a time, each once it is empty")
          .key("at", &UpgradeSpec::at, "when it begins", {.min = 0, .required = true})
          .key("pool", &UpgradeSpec::pool, "whose replicas", {.required = true})
          .key("at_once", &UpgradeSpec::at_once, "how many are closed at a time", {.min = 1, .max = 1e6})
          .key("downtime", &UpgradeSpec::downtime, "of each, before it starts", {.min = 0});
  return schema;
}

}  // namespace flotilla::sim
