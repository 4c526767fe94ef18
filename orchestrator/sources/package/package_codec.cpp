#include "orchestrator/sources/package/package_codec.hpp"

#include <nlohmann/json.hpp>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using nlohmann::ordered_json;

constexpr int k_format = 1;

ordered_json json_of(const PackageFile& file) {
  return {{"name", file.name},   {"version", file.version}, {"architecture", file.architecture},
          {"where", file.where}, {"sha256", file.sha256},   {"size", file.size}};
}

ordered_json json_of(const Package& package) {
  ordered_json files = ordered_json::array();
  for (const auto& file : package.files) files.push_back(json_of(file));
  return {{"version", package.version},
          {"release", package.release},
          {"flavour", package.flavour},
          {"suites", package.suites},
          {"files", std::move(files)}};
}

PackageFile file_of(const ordered_json& json) {
  PackageFile file;
  json.at("name").get_to(file.name);
  json.at("version").get_to(file.version);
  json.at("architecture").get_to(file.architecture);
  json.at("where").get_to(file.where);
  json.at("sha256").get_to(file.sha256);
  json.at("size").get_to(file.size);
  return file;
}

Package package_of(PackageKind kind, const ordered_json& json) {
  Package package;
  package.kind = kind;
  json.at("version").get_to(package.version);
  json.at("release").get_to(package.release);
  json.at("flavour").get_to(package.flavour);
  json.at("suites").get_to(package.suites);
  for (const auto& file : json.at("files")) package.files.push_back(file_of(file));
  if (package.files.empty()) throw UsageError("a package without files");
  return package;
}

}  // namespace

std::string encode_packages(const std::vector<Package>& packages) {
  ordered_json list = ordered_json::array();
  for (const auto& package : packages) list.push_back(json_of(package));
  const bool rpm = !packages.empty() && packages.front().kind == PackageKind::rpm;
  const ordered_json whole = {
      {"format", k_format}, {"kind", rpm ? "rpm" : "deb"}, {"packages", std::move(list)}};
  return whole.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<Package> decode_packages(std::string_view text, const std::string& name) {
  try {
    const auto whole = ordered_json::parse(text);
    if (whole.at("format") != k_format) throw UsageError("written by another version of kverdict");
    const auto kind = whole.at("kind") == "rpm" ? PackageKind::rpm : PackageKind::deb;
    std::vector<Package> packages;
    for (const auto& package : whole.at("packages")) packages.push_back(package_of(kind, package));
    return packages;
  } catch (const nlohmann::json::exception& e) {
    throw UsageError(name + ": is no list of packages: " + e.what());
  } catch (const UsageError& e) {
    throw UsageError(name + ": " + e.what());
  }
}

}  // namespace kverdict
