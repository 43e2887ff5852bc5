// The survey's names as a semantic patch: what coccinelle finds with types, to compare with.

@used@
identifier f =~ "^(__)?drm_gem_shmem_|^to_drm_gem_shmem_obj$|^drm_fbdev_shmem_setup$|^drm_gem_is_imported$";
position p;
@@
f@p

@script:python@
f << used.f;
p << used.p;
@@
print("SITE %s:%s:%s" % (p[0].file, p[0].line, f))

@base_pointer@
struct drm_gem_shmem_object *s;
identifier m = {pages,pages_use_count,madv,madv_list,sgt,vaddr,vmap_use_count,map_wc,pages_mark_dirty_on_put,pages_mark_accessed_on_put};
position p;
@@
s->m@p

@script:python@
m << base_pointer.m;
p << base_pointer.p;
@@
print("SITE %s:%s:%s" % (p[0].file, p[0].line, m))

@base_value@
struct drm_gem_shmem_object s;
identifier m = {pages,pages_use_count,madv,madv_list,sgt,vaddr,vmap_use_count,map_wc,pages_mark_dirty_on_put,pages_mark_accessed_on_put};
position p;
@@
s.m@p

@script:python@
m << base_value.m;
p << base_value.p;
@@
print("SITE %s:%s:%s" % (p[0].file, p[0].line, m))

@gem_pointer@
struct drm_gem_object *s;
identifier m = {import_attach,filp,funcs};
position p;
@@
s->m@p

@script:python@
m << gem_pointer.m;
p << gem_pointer.p;
@@
print("SITE %s:%s:%s" % (p[0].file, p[0].line, m))

@gem_value@
struct drm_gem_object s;
identifier m = {import_attach,filp,funcs};
position p;
@@
s.m@p

@script:python@
m << gem_value.m;
p << gem_value.p;
@@
print("SITE %s:%s:%s" % (p[0].file, p[0].line, m))
