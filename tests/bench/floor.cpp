// Commands for commands.tcl that measure what nothing can be faster than.

#include <tcl.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

// floor::nothing ?arg ...?: returns a new string object.
int nothing(ClientData, Tcl_Interp* interp, int, Tcl_Obj* const[]) {
  Tcl_SetObjResult(interp, Tcl_NewStringObj("tensor1", 7));
  return TCL_OK;
}

// floor::memcpy BYTES REPEATS: microseconds of one copy between warm buffers, the median.
int copy_time(ClientData, Tcl_Interp* interp, int objc, Tcl_Obj* const objv[]) {
  Tcl_WideInt bytes;
  int repeats;
  if (objc != 3 || Tcl_GetWideIntFromObj(interp, objv[1], &bytes) != TCL_OK ||
      Tcl_GetIntFromObj(interp, objv[2], &repeats) != TCL_OK) {
    return TCL_ERROR;
  }
  const std::vector<char> source(static_cast<std::size_t>(bytes), 1);
  std::vector<char> target(source.size());
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    std::memcpy(target.data(), source.data(), source.size());
    asm volatile("" : : "r"(target.data()) : "memory");
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  Tcl_SetObjResult(interp, Tcl_NewDoubleObj(times[static_cast<std::size_t>(repeats / 2)]));
  return TCL_OK;
}

// floor::list COUNT: a list of so many doubles.
int list(ClientData, Tcl_Interp* interp, int objc, Tcl_Obj* const objv[]) {
  int count;
  if (objc != 2 || Tcl_GetIntFromObj(interp, objv[1], &count) != TCL_OK) return TCL_ERROR;
  std::vector<Tcl_Obj*> elements(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) elements[static_cast<std::size_t>(i)] = Tcl_NewDoubleObj(i * 0.1);
  Tcl_SetObjResult(interp, Tcl_NewListObj(count, elements.data()));
  return TCL_OK;
}

}  // namespace

extern "C" DLLEXPORT int Wickfloor_Init(Tcl_Interp* interp) {
  if (!Tcl_InitStubs(interp, "8.6-", 0)) return TCL_ERROR;
  Tcl_CreateObjCommand(interp, "::floor::nothing", nothing, nullptr, nullptr);
  Tcl_CreateObjCommand(interp, "::floor::list", list, nullptr, nullptr);
  Tcl_CreateObjCommand(interp, "::floor::memcpy", copy_time, nullptr, nullptr);
  return TCL_OK;
}
