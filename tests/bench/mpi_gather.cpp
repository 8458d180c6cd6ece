// A Tcl shell with one more command, raw_gather: what the MPI library alone takes for the work of
// distributed_gather. Run by mpi_gather.tcl, so that both are measured in one run of the same processes.
//
//     raw_gather BYTES AGREEMENT COUNT    seconds a round: a blocking MPI_Allgather of AGREEMENT bytes,
//     unless that is 0,
//                                         then a blocking MPI_Gather of BYTES to rank 0

#include <mpi.h>
#include <tcl.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace {

int raw_gather(ClientData, Tcl_Interp* interp, int count, Tcl_Obj* const* words) {
  int bytes, agreement, rounds;
  if (count != 4 || Tcl_GetIntFromObj(interp, words[1], &bytes) ||
      Tcl_GetIntFromObj(interp, words[2], &agreement) || Tcl_GetIntFromObj(interp, words[3], &rounds)) {
    return TCL_ERROR;
  }
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const auto world = static_cast<std::size_t>(size);
  const auto block = static_cast<std::size_t>(bytes);
  const auto header = static_cast<std::size_t>(agreement);
  // Kept from call to call: memory that is new to the process would be measured along.
  static std::vector<char> own, own_header, all, all_headers;
  own.resize(std::max(own.size(), block));
  own_header.resize(std::max(own_header.size(), header));
  all.resize(std::max(all.size(), rank == 0 ? world * block : 0));
  all_headers.resize(std::max(all_headers.size(), world * header));

  const double begin = MPI_Wtime();
  for (int i = 0; i < rounds; ++i) {
    if (agreement > 0) {
      MPI_Allgather(own_header.data(), agreement, MPI_BYTE, all_headers.data(), agreement, MPI_BYTE,
                    MPI_COMM_WORLD);
    }
    MPI_Gather(own.data(), bytes, MPI_BYTE, all.data(), bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
  }
  Tcl_SetObjResult(interp, Tcl_NewDoubleObj((MPI_Wtime() - begin) / rounds));
  return TCL_OK;
}

int add_command(Tcl_Interp* interp) {
  if (Tcl_Init(interp) != TCL_OK) return TCL_ERROR;
  Tcl_CreateObjCommand(interp, "raw_gather", raw_gather, nullptr, nullptr);
  return TCL_OK;
}

}  // namespace

int main(int count, char** words) { Tcl_Main(count, words, add_command); }
