#ifndef WICK_TRANSPORT_H
#define WICK_TRANSPORT_H

/* What the library and a module that connects processes know of each other: a table of C functions on bytes
   and ranks. The module is loaded when a group of processes is wanted and links to its message passing
   library alone. Nothing here blocks but open, group and close; transfers return a request to be tested until
   it is done. Buffers belong to the caller and stay valid until then. */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WICK_TRANSPORT_VERSION 1

typedef struct wick_request wick_request;
typedef struct wick_message wick_message;

/* A group is a small number; 0 is all processes. Ranks count within the group. Functions that return int give
   0 for success and else an error code for `describe`; transfers return NULL on failure and leave the code in
   *error. */
typedef struct wick_transport {
  int version;
  const char* name;

  /* Joins the other processes. */
  int (*open)(int* rank, int* size);
  /* Leaves them; all processes call it. */
  int (*close)(void);
  /* A new group of these ranks of group 0, in this order; called by all of them, and by nobody else, at one
   * time. */
  int (*group)(const int* ranks, int count, int* group);
  void (*describe)(int error, char* text, int size);
  /* The largest tag of a message. */
  int (*largest_tag)(void);

  /* Collectives: called by every rank of the group, in one order. `bytes` is what one rank contributes or
   * gets. */
  wick_request* (*allgather)(int group, const void* send, void* receive, int64_t bytes, int* error);
  wick_request* (*gather)(int group, const void* send, void* receive, int64_t bytes, int root, int* error);
  wick_request* (*scatter)(int group, const void* send, void* receive, int64_t bytes, int root, int* error);
  wick_request* (*broadcast)(int group, void* buffer, int64_t bytes, int root, int* error);
  wick_request* (*alltoall)(int group, const void* send, void* receive, int64_t bytes, int* error);

  /* Messages between two ranks. Those of one channel (0, 1 or 2) and tag arrive in the order in which they
   * were sent. */
  wick_request* (*send)(int group, int channel, const void* data, int64_t bytes, int to, int tag, int* error);
  /* Whether a message has come: 1 with its origin, size and a handle to receive it, else 0. from < 0: any
   * rank. */
  int (*probe)(int group, int channel, int from, int tag, int* origin, int64_t* bytes, wick_message** message,
               int* error);
  wick_request* (*receive)(wick_message* message, void* data, int64_t bytes, int* error);

  /* 1 when done, and the request is gone; 0 when not; -1 on failure, with the request gone. */
  int (*test)(wick_request* request, int* error);
} wick_transport;

/* The one symbol of a module. */
#define WICK_TRANSPORT_SYMBOL "wick_transport_table"
const wick_transport* wick_transport_table(void);

#ifdef __cplusplus
}
#endif

#endif
