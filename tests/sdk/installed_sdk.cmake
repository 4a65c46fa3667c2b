# Installs the SDK into a folder of its own, builds every plugin that is meant to be copied against it as a third party would,
# and runs the installed checker on each.
#   cmake -DBUILD=… -DSOURCE=… -DWORK=… -DSANITIZE=… -P installed_sdk.cmake
cmake_minimum_required(VERSION 3.20)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0)
    string(JOIN " " command ${ARGN})
    message(FATAL_ERROR "${command}\nended with ${code}:\n${out}")
  endif()
endfunction()

# plugin: the target's name. Further arguments go to the checker.
function(build_and_check source plugin)
  set(build ${WORK}/${plugin})
  run(${CMAKE_COMMAND} -S ${SOURCE}/${source} -B ${build} -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_BUILD_TYPE=Debug
    -DCMAKE_C_FLAGS=${flags} -DCMAKE_CXX_FLAGS=${flags})
  run(${CMAKE_COMMAND} --build ${build})
  run(${WORK}/prefix/bin/waybill-plugin-check ${build}/${plugin}.so --patience 5000 ${ARGN})
  message(STATUS "${source}: built and checked")
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/prefix)
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE} -fno-omit-frame-pointer")
endif()

# What the guide says, in folders of our own. With a target deliveries must succeed.
file(MAKE_DIRECTORY ${WORK}/spool)
file(WRITE ${WORK}/spool.json "{\"folder\": \"${WORK}/spool\"}")
file(WRITE ${WORK}/journal.json "{\"file\": \"${WORK}/journal.txt\"}")
build_and_check(sdk/template/cpp spool --config ${WORK}/spool.json --target "/suffix=.txt")
build_and_check(sdk/template/c spool_c --config ${WORK}/spool.json --target "/suffix=.c.txt")
build_and_check(docs/examples/first_plugin journal --config ${WORK}/journal.json --target "/file=${WORK}/journal.txt")
# No peer listens: what is checked is how that is told.
build_and_check(docs/examples/http_plugin put --config ${SOURCE}/docs/examples/http_plugin/config.json)

file(GLOB written ${WORK}/spool/*.txt)
file(GLOB_RECURSE left ${WORK}/spool/.*.part)
if(NOT written OR left)
  message(FATAL_ERROR "spooled: ${written}; left behind: ${left}")
endif()
file(STRINGS ${WORK}/journal.txt lines)
if(NOT lines)
  message(FATAL_ERROR "the journal is empty")
endif()
