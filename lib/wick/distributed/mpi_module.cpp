// The module that connects processes over MPI. It knows bytes and ranks, and nothing of wick but transport.h.

#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "wick/distributed/transport.h"

namespace {

// A transfer is one or more MPI requests: blocks above the largest piece travel in several, since MPI counts
// in int.
constexpr std::int64_t largest_piece = std::int64_t{1} << 30;

struct Group {
  MPI_Comm collectives;
  MPI_Comm channels[3];
};

std::vector<Group>& groups() {
  static std::vector<Group> all;
  return all;
}

}  // namespace

struct wick_request {
  std::vector<MPI_Request> parts;
  std::vector<MPI_Datatype> types;

  ~wick_request() {
    for (MPI_Datatype& type : types) MPI_Type_free(&type);
  }
};

struct wick_message {
  MPI_Message handle;
};

namespace {

// What a transfer counts: so many of a type.
struct Extent {
  int count;
  MPI_Datatype type;
};

// A piece of a block of `stride` bytes, whose next one lies in the next rank's block.
Extent piece_of_block(wick_request& request, std::int64_t bytes, std::int64_t stride) {
  if (bytes == stride) return {static_cast<int>(bytes), MPI_BYTE};
  MPI_Datatype dense, strided;
  MPI_Type_contiguous(static_cast<int>(bytes), MPI_BYTE, &dense);
  MPI_Type_create_resized(dense, 0, static_cast<MPI_Aint>(stride), &strided);
  MPI_Type_commit(&strided);
  MPI_Type_free(&dense);
  request.types.push_back(strided);
  return {1, strided};
}

// Starts a transfer for every piece of a block: start(request, offset, bytes, part).
template <class Start>
wick_request* start_pieces(std::int64_t bytes, int* error, Start start) {
  auto* request = new wick_request;
  for (std::int64_t offset = 0; offset < bytes || offset == 0; offset += largest_piece) {
    const std::int64_t piece = std::min(bytes - offset, largest_piece);
    MPI_Request part;
    if (const int code = start(*request, offset, piece, part); code != MPI_SUCCESS) {
      *error = code;
      delete request;
      return nullptr;
    }
    request->parts.push_back(part);
    if (bytes == 0) break;
  }
  return request;
}

const char* at(const void* base, std::int64_t offset) { return static_cast<const char*>(base) + offset; }
char* at(void* base, std::int64_t offset) { return static_cast<char*>(base) + offset; }

MPI_Comm communicator(int group) { return groups()[static_cast<std::size_t>(group)].collectives; }

int add_group(MPI_Comm base, int* group) {
  Group made;
  int code = MPI_Comm_dup(base, &made.collectives);
  for (MPI_Comm& channel : made.channels) {
    if (code == MPI_SUCCESS) code = MPI_Comm_dup(base, &channel);
  }
  if (code != MPI_SUCCESS) return code;
  for (const MPI_Comm c : {made.collectives, made.channels[0], made.channels[1], made.channels[2]}) {
    MPI_Comm_set_errhandler(c, MPI_ERRORS_RETURN);
  }
  groups().push_back(made);
  *group = static_cast<int>(groups().size()) - 1;
  return 0;
}

int open(int* rank, int* size) {
  int started = 0;
  MPI_Initialized(&started);
  if (!started) {
    int provided;
    if (const int code = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided)) return code;
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, size);
  int group;
  return groups().empty() ? add_group(MPI_COMM_WORLD, &group) : 0;
}

int close() {
  int finished = 0;
  MPI_Finalized(&finished);
  return finished ? 0 : MPI_Finalize();
}

int make_group(const int* ranks, int count, int* group) {
  MPI_Group world, chosen;
  MPI_Comm_group(MPI_COMM_WORLD, &world);
  int code = MPI_Group_incl(world, count, ranks, &chosen);
  MPI_Comm made = MPI_COMM_NULL;
  if (code == MPI_SUCCESS) {
    code = MPI_Comm_create_group(MPI_COMM_WORLD, chosen, 0, &made);
    MPI_Group_free(&chosen);
  }
  MPI_Group_free(&world);
  if (code != MPI_SUCCESS) return code;
  code = add_group(made, group);
  MPI_Comm_free(&made);
  return code;
}

void describe(int error, char* text, int size) {
  char full[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(error, full, &length);
  const int kept = std::min(length, size - 1);
  std::memcpy(text, full, static_cast<std::size_t>(kept));
  text[kept] = '\0';
}

int largest_tag() {
  void* value = nullptr;
  int found = 0;
  MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &found);
  return found ? *static_cast<int*>(value) : 32767;
}

wick_request* allgather(int group, const void* send, void* receive, std::int64_t bytes, int* error) {
  return start_pieces(bytes, error,
                      [&](wick_request& r, std::int64_t offset, std::int64_t n, MPI_Request& part) {
                        const auto [count, type] = piece_of_block(r, n, bytes);
                        return MPI_Iallgather(at(send, offset), static_cast<int>(n), MPI_BYTE,
                                              at(receive, offset), count, type, communicator(group), &part);
                      });
}

wick_request* gather(int group, const void* send, void* receive, std::int64_t bytes, int root, int* error) {
  return start_pieces(
      bytes, error, [&](wick_request& r, std::int64_t offset, std::int64_t n, MPI_Request& part) {
        const auto [count, type] = piece_of_block(r, n, bytes);
        return MPI_Igather(at(send, offset), static_cast<int>(n), MPI_BYTE, at(receive, offset), count, type,
                           root, communicator(group), &part);
      });
}

wick_request* scatter(int group, const void* send, void* receive, std::int64_t bytes, int root, int* error) {
  return start_pieces(bytes, error,
                      [&](wick_request& r, std::int64_t offset, std::int64_t n, MPI_Request& part) {
                        const auto [count, type] = piece_of_block(r, n, bytes);
                        return MPI_Iscatter(at(send, offset), count, type, at(receive, offset),
                                            static_cast<int>(n), MPI_BYTE, root, communicator(group), &part);
                      });
}

wick_request* broadcast(int group, void* buffer, std::int64_t bytes, int root, int* error) {
  return start_pieces(bytes, error,
                      [&](wick_request&, std::int64_t offset, std::int64_t n, MPI_Request& part) {
                        return MPI_Ibcast(at(buffer, offset), static_cast<int>(n), MPI_BYTE, root,
                                          communicator(group), &part);
                      });
}

wick_request* alltoall(int group, const void* send, void* receive, std::int64_t bytes, int* error) {
  return start_pieces(bytes, error,
                      [&](wick_request& r, std::int64_t offset, std::int64_t n, MPI_Request& part) {
                        const auto [count, type] = piece_of_block(r, n, bytes);
                        return MPI_Ialltoall(at(send, offset), count, type, at(receive, offset), count, type,
                                             communicator(group), &part);
                      });
}

// What a message of so many bytes is sent and received as: bytes, or one structure of whole pieces and a
// rest. It stays one message whatever its size, for a probe must see it whole.
Extent extent_of(wick_request& request, std::int64_t bytes) {
  if (bytes <= largest_piece) return {static_cast<int>(bytes), MPI_BYTE};
  MPI_Datatype piece, parts[2], whole;
  MPI_Type_contiguous(static_cast<int>(largest_piece), MPI_BYTE, &piece);
  MPI_Type_contiguous(static_cast<int>(bytes / largest_piece), piece, &parts[0]);
  MPI_Type_contiguous(static_cast<int>(bytes % largest_piece), MPI_BYTE, &parts[1]);
  const int lengths[2] = {1, 1};
  const MPI_Aint places[2] = {0, static_cast<MPI_Aint>(bytes / largest_piece * largest_piece)};
  MPI_Type_create_struct(2, lengths, places, parts, &whole);
  MPI_Type_commit(&whole);
  for (MPI_Datatype* t : {&piece, &parts[0], &parts[1]}) MPI_Type_free(t);
  request.types.push_back(whole);
  return {1, whole};
}

MPI_Comm channel_of(int group, int channel) {
  return groups()[static_cast<std::size_t>(group)].channels[channel];
}

wick_request* send(int group, int channel, const void* data, std::int64_t bytes, int to, int tag,
                   int* error) {
  auto* request = new wick_request;
  const auto [count, type] = extent_of(*request, bytes);
  MPI_Request part;
  if (const int code = MPI_Isend(data, count, type, to, tag, channel_of(group, channel), &part)) {
    delete request;
    *error = code;
    return nullptr;
  }
  request->parts.push_back(part);
  return request;
}

int probe(int group, int channel, int from, int tag, int* origin, std::int64_t* bytes, wick_message** message,
          int* error) {
  MPI_Message handle;
  MPI_Status status;
  int found = 0;
  const int source = from < 0 ? MPI_ANY_SOURCE : from;
  if (const int code = MPI_Improbe(source, tag, channel_of(group, channel), &found, &handle, &status)) {
    *error = code;
    return 0;
  }
  if (!found) return 0;
  MPI_Count count;
  MPI_Get_elements_x(&status, MPI_BYTE, &count);
  *bytes = count;
  *origin = status.MPI_SOURCE;
  *message = new wick_message{handle};
  return 1;
}

wick_request* receive(wick_message* message, void* data, std::int64_t bytes, int* error) {
  auto* request = new wick_request;
  const auto [count, type] = extent_of(*request, bytes);
  MPI_Request part;
  const int code = MPI_Imrecv(data, count, type, &message->handle, &part);
  delete message;
  if (code != MPI_SUCCESS) {
    delete request;
    *error = code;
    return nullptr;
  }
  request->parts.push_back(part);
  return request;
}

int test(wick_request* request, int* error) {
  int done = 0;
  const int code =
      MPI_Testall(static_cast<int>(request->parts.size()), request->parts.data(), &done, MPI_STATUSES_IGNORE);
  if (code != MPI_SUCCESS) {
    *error = code;
    delete request;
    return -1;
  }
  if (!done) return 0;
  delete request;
  return 1;
}

constexpr wick_transport table{WICK_TRANSPORT_VERSION,
                               "mpi",
                               open,
                               close,
                               make_group,
                               describe,
                               largest_tag,
                               allgather,
                               gather,
                               scatter,
                               broadcast,
                               alltoall,
                               send,
                               probe,
                               receive,
                               test};

}  // namespace

extern "C" __attribute__((visibility("default"))) const wick_transport* wick_transport_table() {
  return &table;
}
